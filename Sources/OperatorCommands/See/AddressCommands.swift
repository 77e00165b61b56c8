// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import SwarmCore

/// `swarmctl ip`: addresses.
package struct IPCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "ip",
        abstract: "Print the address of clusters' managers and of machines",
        examples: ["swarmctl ip lab-1", "curl http://$(swarmctl ip lab-2):8080"],
        exitStatus: "10 no such cluster or machine; 11 it has no address yet"
    )

    @Argument(help: "Clusters and machines; the only cluster unless given.")
    package var names: [String] = []

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        for target in try context.store.targets(names) {
            context.terminal.output(try target.address())
        }
    }
}

/// `swarmctl url`: endpoints.
package struct URLCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "url",
        abstract: "Print the endpoint of clusters' managers and of machines' engines",
        examples: ["swarmctl url lab", "export DOCKER_HOST=$(swarmctl url lab-1)"],
        exitStatus: "10 no such cluster or machine; 11 it has no address yet"
    )

    @Argument(help: "Clusters and machines; the only cluster unless given.")
    package var names: [String] = []

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        for target in try context.store.targets(names) {
            context.terminal.output(try target.url())
        }
    }
}
