// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl config`: the docker CLI's flags for a cluster or machine.
package struct ConfigCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "config",
        abstract: "Print the flags that point the docker CLI to a cluster or machine",
        examples: ["docker $(swarmctl config lab) ps", "swarmctl config lab-1"],
        exitStatus: "10 no such cluster or machine; 11 it has no address yet"
    )

    @Argument(help: "Cluster or machine; the only cluster unless given.")
    package var name: String?

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let target = try context.store.target(name)
        let folder = absolute(context.store.pkiFolder(of: target.clusterName))
        context.terminal.output("--tlsverify")
        context.terminal.output("--tlscacert=\(folder)/ca.pem")
        context.terminal.output("--tlscert=\(folder)/cert.pem")
        context.terminal.output("--tlskey=\(folder)/key.pem")
        context.terminal.output("-H=\(try target.url())")
    }
}
