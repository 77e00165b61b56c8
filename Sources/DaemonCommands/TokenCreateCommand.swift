// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser

/// `create`: makes up the name of a new cluster.
package struct TokenCreateCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a cluster token.",
        discussion: """
            Prints a new token, 128 random bits in hexadecimal: the name of a cluster that nobody guesses.

            EXAMPLES:
              swarmd create
              swarmd join --advertise 10.0.0.5:2376 swarm://10.0.0.2:3376/$(swarmd create)

            EXIT STATUS: 0 done.
            """,
        aliases: ["c"]
    )

    @OptionGroup var global: DaemonGlobalOptions

    package init() {}

    package func run() throws {
        StandardOutput.write(Self.makeToken())
    }

    static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in
            let digits = String(UInt8.random(in: 0...255, using: &generator), radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }
        .joined()
    }
}
