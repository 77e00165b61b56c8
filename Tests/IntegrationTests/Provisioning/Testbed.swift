// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation

/// The engine on which the hosts of these tests run; see `Scripts/testbed`.
enum Testbed {
    /// The engine's address.
    static let engine: String = {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["SWARMCTL_TESTBED"] ?? "/var/tmp/swarmctl-testbed"
        return environment["SWARMCTL_TEST_ENGINE"] ?? "unix://\(folder)/engines/default/sock"
    }()

    /// The folder of the checkout.
    static let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path
}
