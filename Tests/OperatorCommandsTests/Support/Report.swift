// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// What `body` fails with, as a person sees it; `nil` when it does not fail.
func report(_ body: () async throws -> Void) async -> ErrorReport? {
    do {
        try await body()
        return nil
    } catch {
        return ErrorReport(error)
    }
}
