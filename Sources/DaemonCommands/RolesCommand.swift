// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Gateway

/// `roles`: prints who may use which route.
package struct RolesCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "roles",
        abstract: "Print which role may use which route of the API.",
        discussion: """
            Prints the table that the manager decides by: one line for each route, with what admin, operator, viewer, \
            ns:NAME and the nodes of the cluster get from it.
            """
    )

    @Flag(help: "Print lines of METHOD, PATTERN and the five grants, separated by tabs.")
    var tabs = false

    package init() {}

    package func run() throws {
        StandardOutput.write(tabs ? RoleTable.tabs : RoleTable.markdown)
    }
}
