// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SecureShell
package import SwarmCore

/// Waits for a host that is starting.
package enum HostReach {
    /// Connects, and tries again while the host is not reachable; the last reason is what the error shows.
    ///
    /// Only an error whose kind is `unreachable` is tried again: a changed host key or a refused key does not get
    /// better by waiting.
    ///
    /// - Parameters:
    ///   - name: the node's name, for the error.
    ///   - deadline: when the last attempt ends.
    ///   - patience: how long to try; `.zero` for one attempt.
    ///   - connect: one attempt.
    /// - Returns: what `connect` returned.
    /// - Throws: ``ProvisionError`` with `notReached`, or the error of `connect`.
    package static func connect<Host: RemoteHost>(
        name: String,
        deadline: Deadline,
        patience: Duration,
        _ connect: @Sendable (Deadline) async throws -> Host
    ) async throws -> Host {
        let limit = deadline.capped(at: patience)
        var pause = Duration.milliseconds(200)
        while true {
            do {
                return try await connect(deadline.capped(at: max(limit.remaining, .seconds(10))))
            } catch let error as any UserFacingError where error.kind == .unreachable {
                guard limit.remaining > pause else {
                    throw ProvisionError(host: name, step: .reach, cause: .notReached(reason: error.message))
                }
            }
            // The host says nothing while it boots: asking again is the only way to know.
            try await ContinuousClock().sleep(for: pause)
            pause = min(pause * 2, .seconds(3))
        }
    }
}
