// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// What the process's environment says about SSH.
package enum SSHEnvironment {
    /// `SSH_AUTH_SOCK`; nil when unset or empty.
    package static var agentSocket: String? {
        ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The home folder of the user, without a final slash.
    package static var home: String {
        ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()
    }

    /// The name of the local user.
    package static var user: String {
        NSUserName()
    }

    /// The key files that `ssh` tries by itself.
    package static var defaultIdentityFiles: [String] {
        ["id_ed25519", "id_ecdsa", "id_rsa"].map { "\(home)/.ssh/\($0)" }
    }
}
