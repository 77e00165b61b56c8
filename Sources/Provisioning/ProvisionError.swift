// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a host could not be made a node, or given back: the host, the step and the cause.
package struct ProvisionError: UserFacingError, Equatable {
    /// The node's name.
    package let host: String
    package let step: ProvisionStep
    package let cause: Cause

    package init(host: String, step: ProvisionStep, cause: Cause) {
        self.host = host
        self.step = step
        self.cause = cause
    }

    /// What was in the way.
    package enum Cause: Sendable, Equatable {
        /// The host could not be reached before the deadline; the reason of the last attempt.
        case notReached(reason: String)
        /// The user is not root and has no password-less sudo.
        case noPrivilege(user: String)
        /// No installation is known for this system.
        case unsupportedSystem(name: String)
        case architectureNotSupported(String)
        /// The host has no engine and installing one was not wanted.
        case noEngine
        /// The engine is there and too old, and was not ours to replace.
        case engineTooOld(version: String)
        case diskFull(path: String, free: String)
        /// The package manager could not reach its repositories.
        case noPackageNetwork(manager: String, reason: String)
        /// Another process holds the package manager's lock.
        case packagesLocked(by: String)
        case packageMissing(package: String, reason: String)
        case installFailed(reason: String)
        case checksumMismatch(url: String, expected: String, actual: String)
        /// The host's daemon.json is not JSON; it was not touched.
        case malformedConfiguration(path: String, reason: String)
        /// A value that was asked for is not right: the flag's name and the reason.
        case badOption(option: String, reason: String)
        case portTaken(port: UInt16, by: String)
        /// The engine did not start with the new configuration; the old one was put back.
        case engineDidNotStart(reason: String, restored: Bool)
        /// The engine says that it would not start with the new configuration; nothing was changed.
        case configurationRejected(reason: String)
        case wouldStopContainers(count: Int, reason: String)
        case changedMeanwhile(path: String)
        case certificateRejected(reason: String)
        case firewallFailed(firewall: String, reason: String)
        /// The engine did not answer through the network.
        case notAnswering(endpoint: String, reason: String, kind: ErrorKind)
        case engineRefused(call: String, status: Int, reason: String)
        case containerDidNotStay(name: String, reason: String)
        case notRegistered(manager: String, reason: String)
        /// A script ended in a way that no step knows.
        case scriptFailed(status: String, output: String)
        case template(name: String, reason: String)
    }
}
