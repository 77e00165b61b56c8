// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl context`: a docker context for a cluster or machine.
package struct ContextCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "context",
        abstract: "Make, update or remove the docker context of a cluster or machine",
        discussion: """
            Writes the files that `docker context` reads, the certificates included; the docker CLI need \
            not be there. Of several managers it points to one that answers: run it again when that is gone, \
            or use `swarmctl tunnel`, which follows them. A context of the same name that swarmctl did not make is left alone.
            """,
        examples: ["swarmctl context lab --use", "swarmctl context lab --rm"],
        exitStatus: "10 no such cluster or machine; 11 it has no address yet, or the context is another's"
    )

    @Argument(help: "Cluster or machine; the only cluster unless given.")
    package var name: String?

    @Option(name: .customLong("as"), help: ArgumentHelp("Name of the context.", valueName: "context"))
    package var contextName: String?

    @Flag(help: "Also make it the one that the docker CLI uses.")
    package var use = false

    @Flag(name: .customLong("rm"), help: "Remove the context.")
    package var remove = false

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard !(use && remove) else {
            throw ValidationError("--use and --rm exclude each other")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let contexts = DockerContexts(context)
        if remove {
            // The cluster may be gone already; then its name is all there is.
            let title = try contextName ?? name ?? context.store.target(nil).name
            try contexts.remove(name: title)
            return context.terminal.output(title)
        }
        let target = await context.living(try context.store.target(name))
        let title = contextName ?? target.name
        try contexts.write(
            name: title,
            description: "swarmctl \(target.kind) \(target.name)",
            url: try target.url(),
            certificates: context.store.pkiFolder(of: target.clusterName)
        )
        if use {
            try contexts.setCurrent(title)
        } else {
            context.terminal.note("use it with `docker --context \(title) ps`, or `docker context use \(title)`")
        }
        context.terminal.output(title)
    }
}
