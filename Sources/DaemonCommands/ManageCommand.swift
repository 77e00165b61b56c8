// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import SwarmCore

/// `manage`: runs the manager.
package struct ManageCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "manage",
        abstract: "Manage a Docker cluster.",
        discussion: """
            Answers the Docker API for all engines that discovery lists, until SIGTERM or SIGINT.

            EXAMPLES:
              swarmd manage -H tcp://127.0.0.1:3375 nodes://10.0.0.[1:3]:2375
              swarmd manage --tlsverify --tlscacert=ca.pem --tlscert=cert.pem --tlskey=key.pem \
            -H tcp://0.0.0.0:3376 swarm://10.0.0.2:3376/lab

            EXIT STATUS: 0 stopped; 1 cannot listen; 64 usage.
            """,
        aliases: ["m"]
    )

    @OptionGroup var global: DaemonGlobalOptions
    @OptionGroup var tls: TLSArguments
    @OptionGroup var placement: PlacementArguments
    @OptionGroup var engines: EngineArguments
    @OptionGroup var replication: ReplicationArguments
    @OptionGroup var discovery: DiscoveryArguments

    @Option(
        name: [.customShort("H"), .customLong("host")],
        parsing: .singleValue,
        help: ArgumentHelp(
            "Where to listen: tcp://ADDRESS:PORT or unix:///PATH; repeatable (default: $SWARM_HOST, then "
                + "tcp://127.0.0.1:2375).",
            valueName: "address"
        )
    )
    var host: [String] = []

    @Option(
        name: .customLong("state-dir"),
        help: ArgumentHelp(
            "Folder for what outlives the manager: cordoned nodes, containers being moved, members of swarm://.",
            valueName: "folder"
        )
    )
    var stateFolder = "/var/lib/swarmd"

    @Option(
        name: .customLong("container-names"),
        help: ArgumentHelp("Names in lists: node (/NODE/NAME) or plain (/NAME).", valueName: "form")
    )
    var containerNames = ContainerNameForm.node

    @OptionGroup var access: AccessArguments

    @Flag(
        name: [.customLong("api-enable-cors"), .customLong("cors")],
        help: "Let web pages of other origins use the API."
    )
    var enablesCORS = false

    package init() {}

    package func run() async throws {
        let configuration = try ManagerConfiguration(self)
        let manager = try Manager(configuration, logger: global.logger)
        let hangup = configuration.auditPath == nil ? nil : HangupSignal { manager.reopenLogs() }
        defer { hangup?.stop() }
        try await runUntilSignal { try await manager.run() }
    }
}

/// How container names are shown in lists.
enum ContainerNameForm: String, ExpressibleByArgument, Sendable {
    case node
    case plain
}

/// How nodes are chosen.
struct PlacementArguments: ParsableArguments {
    @Option(help: ArgumentHelp("spread, spread:LABEL, binpack or random.", valueName: "strategy"))
    var strategy = "spread"

    @Option(
        name: [.customLong("filter"), .customShort("f")],
        parsing: .singleValue,
        help: ArgumentHelp("Filter to use; repeatable (default: all).", valueName: "filter")
    )
    var filters: [String] = []

    @Option(
        name: .customLong("cluster-driver"),
        help: ArgumentHelp("swarm is the only one.", valueName: "driver")
    )
    var clusterDriver = "swarm"

    @Option(
        name: .customLong("cluster-opt"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "swarm.overcommit=SHARE (default 0.05), swarm.reschedulegrace=DURATION (default 30s), "
                + "swarm.createretry=N; repeatable.",
            valueName: "name=value"
        )
    )
    var clusterOptions: [String] = []

    init() {}
}

/// How engines are watched.
struct EngineArguments: ParsableArguments {
    @Option(
        name: .customLong("engine-refresh-min-interval"),
        help: ArgumentHelp("Least time between two full comparisons with an engine.", valueName: "duration")
    )
    var refreshLeast = GoDuration(.seconds(30))

    @Option(
        name: .customLong("engine-refresh-max-interval"),
        help: ArgumentHelp("Most time between two full comparisons with an engine.", valueName: "duration")
    )
    var refreshMost = GoDuration(.seconds(60))

    @Option(
        name: [.customLong("engine-failure-retry"), .customLong("engine-refresh-retry")],
        help: ArgumentHelp("Failed probes in a row after which an engine counts as gone.", valueName: "number")
    )
    var failureRetry = 3

    @Option(help: ArgumentHelp("Accepted for compatibility: discovery is watched.", valueName: "duration"))
    var heartbeat = GoDuration(.seconds(60))

    @Flag(
        name: .customLong("refresh-on-node-filter"),
        help: ArgumentHelp("Accepted for compatibility: lists are always current.", visibility: .hidden)
    )
    var refreshesOnNodeFilter = false

    @Option(
        name: .customLong("container-name-refresh-filter"),
        help: ArgumentHelp("Accepted for compatibility: lists are always current.", visibility: .hidden)
    )
    var refreshFilter: String?

    init() {}
}

/// Several managers for one cluster.
struct ReplicationArguments: ParsableArguments {
    @Flag(help: "Take part in the election of a leader.")
    var replication = false

    @Option(
        name: .customLong("replication-ttl"),
        help: ArgumentHelp("How long a leader leads without renewing.", valueName: "duration")
    )
    var ttl = GoDuration(.seconds(20))

    @Option(
        name: [.customLong("advertise"), .customLong("addr")],
        help: ArgumentHelp("This manager's address for the others (default: $SWARM_ADVERTISE).", valueName: "host:port")
    )
    var advertise: String?

    init() {}
}
