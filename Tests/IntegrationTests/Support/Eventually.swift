// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Testing

/// Waits up to a minute until `condition` holds; an issue when it does not.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    for _ in 0..<240 {
        if try await condition() {
            return
        }
        try await ContinuousClock().sleep(for: .milliseconds(250))
    }
    Issue.record("not so after a minute: \(what)")
}
