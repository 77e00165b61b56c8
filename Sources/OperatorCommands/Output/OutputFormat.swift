// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
package import SwarmCore

/// How a command that prints a table prints it.
package enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table
    case json
}

/// The option `--format` of every command that prints a table.
package struct FormatOptions: ParsableArguments {
    @Option(help: "Print a table for people, or JSON for programs, errors included.")
    package var format: OutputFormat = .table

    package init() {}
}

extension Terminal {
    /// Prints `value` as JSON with stable, sorted keys.
    package func output(json value: some Encodable) throws {
        output(try JSONValue(encoding: value).text)
    }

    /// Prints `table`, cut to the terminal's width when a person reads it.
    package func output(_ table: TextTable) {
        table.lines(width: isInteractive ? width : nil).forEach(output)
    }
}
