// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A terminal that also takes bytes as they come: logs, and the output of remote commands.
package protocol OperatorTerminal: Terminal {
    /// Writes `bytes` to standard output, or to standard error, unchanged.
    func write(_ bytes: [UInt8], to stream: OutputStream)

    /// Whether standard input is a terminal, so that a remote shell should have one too.
    var hasInputTerminal: Bool { get }
}

/// One of the two streams that a process writes to.
package enum OutputStream: Sendable {
    case standardOutput, standardError
}
