// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser

/// `swarmctl create`: the group of what can be created.
package struct CreateCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a cluster or a machine",
        subcommands: [CreateCluster.self, CreateMachine.self]
    )

    package init() {}
}
