// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Discovery
internal import SwarmCore

/// `list`: prints the members of a cluster.
package struct MemberListCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List nodes in a cluster.",
        discussion: """
            Prints the address of each member of the cluster, one a line.

            EXAMPLES:
              swarmd list nodes://10.0.0.[1:3]:2376
              swarmd list --timeout 5s swarm://10.0.0.2:3376/lab

            EXIT STATUS: 0 done; 13 discovery does not answer; 64 usage.
            """,
        aliases: ["l"]
    )

    @OptionGroup var global: DaemonGlobalOptions
    @OptionGroup var discovery: DiscoveryArguments

    @Option(help: ArgumentHelp("Longest wait for discovery.", valueName: "duration"))
    var timeout = GoDuration(.seconds(10))

    package init() {}

    package func run() async throws {
        for address in try await members() {
            StandardOutput.write(address)
        }
    }

    func members() async throws -> [String] {
        let (url, options) = try discovery.parsed(for: "list a cluster")
        guard timeout.duration > .zero else {
            throw DaemonError.usage("--timeout should be a positive number")
        }
        let store = try url.store(options: options)
        return try await withDeadline(.after(timeout.duration), operation: "listing the members in \"\(url)\"") {
            try await store.entries()
        }
    }
}
