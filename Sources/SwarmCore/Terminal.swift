// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Where a command writes: data to `output`, everything else to `note`.
package protocol Terminal: Sendable {
    /// Writes one line of data to standard output.
    func output(_ line: String)

    /// Writes one line for a person to standard error.
    func note(_ line: String)

    /// Replaces the live block at the bottom of standard error by `lines`; an empty array removes it.
    ///
    /// Does nothing when ``isInteractive`` is false.
    func live(_ lines: [String])

    /// Asks a yes-or-no question; the default is no. Never called when ``isInteractive`` is false.
    func confirm(_ question: String) -> Bool

    /// Whether a person is at both ends: standard input and standard error are terminals.
    var isInteractive: Bool { get }

    /// Columns of the terminal; 80 when there is none.
    var width: Int { get }

    /// Whether colours are wanted: a terminal on standard error and no `NO_COLOR`.
    var hasColor: Bool { get }
}
