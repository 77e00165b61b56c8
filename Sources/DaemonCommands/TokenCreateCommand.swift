// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Discovery
internal import SwarmCore

/// `create`: makes the token of a new cluster.
package struct TokenCreateCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a cluster token.",
        discussion: """
            Has a manager make a token, 128 random bits in hexadecimal, and prints it: nodes join with \
            token://TOKEN@MANAGER:PORT. The manager forgets a token that has had no members for a day.

            Without a manager the token is only printed: it is known to the manager that is then started \
            with token://TOKEN.

            EXAMPLES:
              swarmd join --advertise 10.0.0.5:2376 token://$(swarmd create 10.0.0.2:3376)@10.0.0.2:3376
              swarmd manage -H tcp://0.0.0.0:3376 token://$(swarmd create)

            EXIT STATUS: 0 done; 1 the manager keeps too many tokens; 13 it does not answer; 14 it refuses; 64 usage.
            """,
        aliases: ["c"]
    )

    @OptionGroup var global: DaemonGlobalOptions

    @Option(
        name: .customLong("discovery-opt"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Discovery option: kv.cacertfile=FILE, kv.certfile=FILE, kv.keyfile=FILE; repeatable.",
            valueName: "name=value"
        )
    )
    var options: [String] = []

    @Option(help: ArgumentHelp("Longest wait for the manager.", valueName: "duration"))
    var timeout = GoDuration(.seconds(10))

    @Argument(help: ArgumentHelp("The manager that keeps the members: HOST:PORT[,…].", valueName: "manager"))
    var manager: String?

    package init() {}

    package func run() async throws {
        StandardOutput.write(try await token())
    }

    private func token() async throws -> String {
        guard let manager else {
            return TokenAPI.makeToken()
        }
        let managers = try DiscoveryURL.managers(parsing: manager)
        let options = try DiscoveryOptions(options)
        guard timeout.duration > .zero else {
            throw DaemonError.usage("--timeout should be a positive number")
        }
        return try await withDeadline(.after(timeout.duration), operation: "making a token at \"\(manager)\"") {
            try await TokenStore.create(at: managers, options: options)
        }
    }
}
