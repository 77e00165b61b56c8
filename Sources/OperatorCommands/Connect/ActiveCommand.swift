// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl active`: which cluster or machine the docker CLI talks to.
package struct ActiveCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "active",
        abstract: "Print the cluster or machine that the docker CLI talks to",
        discussion: """
            Looks at $DOCKER_HOST, then at the docker context that is in use. Nothing is contacted.
            """,
        examples: ["swarmctl active", "test \"$(swarmctl active)\" = lab"],
        exitStatus: "10 none of this store is active"
    )

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        guard let url = try ActiveEndpoint.url(in: context) else {
            throw OperatorError.nothingActive
        }
        let names = context.store.userClusterNames() + context.store.machineNames()
        for name in names where try context.store.target(name).knownURLs.contains(url) {
            return context.terminal.output(name)
        }
        throw OperatorError.nothingActive
    }
}

/// The endpoint that the docker CLI would use.
package enum ActiveEndpoint {
    /// `DOCKER_HOST`, else that of the context in use; `nil` for the engine on this host.
    package static func url(in context: CommandContext) throws -> String? {
        if let host = context.environment["DOCKER_HOST"], !host.isEmpty {
            return host
        }
        return try DockerContexts(context).currentEndpoint(named: context.environment["DOCKER_CONTEXT"])
    }
}
