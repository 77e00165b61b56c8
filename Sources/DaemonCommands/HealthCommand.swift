// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// `health`: asks an agent whether its node is registered; the health check of its container.
package struct HealthCommand: AsyncParsableCommand {
    /// Where agents in containers answer.
    static let usualAddress = "unix:///run/swarmd/agent.sock"

    package static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask the agent on this node whether the node is registered.",
        discussion: """
            The agent must have been started with --health.

            EXAMPLES:
              swarmd health
              swarmd health tcp://127.0.0.1:3377

            EXIT STATUS: 0 registered; 13 not registered, or no answer; 64 usage.
            """
    )

    @OptionGroup var global: DaemonGlobalOptions

    @Option(help: ArgumentHelp("Longest wait for the agent.", valueName: "duration"))
    var timeout = GoDuration(.seconds(5))

    @Argument(help: ArgumentHelp("Where the agent answers: unix:///PATH or tcp://HOST:PORT.", valueName: "address"))
    var address = Self.usualAddress

    package init() {}

    package func run() async throws {
        guard timeout.duration > .zero else {
            throw DaemonError.usage("--timeout should be a positive number")
        }
        let client = HTTPClient(address: try EngineAddress(parsing: address))
        let reply = try await client.reply(to: HTTPRequest(.GET, "/health"), deadline: .after(timeout.duration))
        guard reply.status == 200 else {
            throw DaemonError.notRegistered(HTTPReply.errorMessage(in: reply.body, status: reply.status))
        }
        StandardOutput.write("registered")
    }
}
