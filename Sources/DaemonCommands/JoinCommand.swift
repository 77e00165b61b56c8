// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Discovery
internal import DockerAPI
internal import Logging
internal import SwarmCore

/// `join`: keeps one engine registered.
package struct JoinCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Join a Docker cluster.",
        discussion: """
            Registers this node's engine with discovery, keeps it registered, and removes it when it is \
            stopped with SIGTERM or SIGINT.

            EXAMPLES:
              swarmd join --advertise 10.0.0.5:2376 swarm://10.0.0.2:3376/lab
              swarmd join --advertise node-1:2376 --heartbeat 20s --ttl 60s swarm://10.0.0.2:3376/lab

            EXIT STATUS: 0 stopped; 1 cannot answer health checks; 64 usage.
            """,
        aliases: ["j"]
    )

    @OptionGroup var global: DaemonGlobalOptions
    @OptionGroup var discovery: DiscoveryArguments

    @Option(
        name: [.customLong("advertise"), .customLong("addr")],
        help: ArgumentHelp("Address of this node's engine (default: $SWARM_ADVERTISE).", valueName: "host:port")
    )
    var advertise: String?

    @Flag(
        help: """
            Register the address from which this host reaches discovery, with the port of --advertise, and again when it \
            changes.
            """
    )
    var followAddress = false

    @Option(help: ArgumentHelp("Time between two registrations.", valueName: "duration"))
    var heartbeat = GoDuration(.seconds(60))

    @Option(help: ArgumentHelp("How long discovery keeps the node without hearing of it.", valueName: "duration"))
    var ttl = GoDuration(.seconds(180))

    @Option(help: ArgumentHelp("Longest random wait before the first registration.", valueName: "duration"))
    var delay = GoDuration(.zero)

    @Option(help: ArgumentHelp("Name of the node, for the log.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Where to answer health checks: unix:///PATH or tcp://HOST:PORT; see `swarmd health`.",
            valueName: "address"
        )
    )
    var health: String?

    package init() {}

    package func run() async throws {
        let state = AgentHealth()
        let agent = try makeAgent { state.note($0) }
        let place = try health.map { try EngineAddress(parsing: $0) }
        let delay = delay.duration
        let logger = global.logger
        try await runUntilSignal {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await agent.run(delay: delay) }
                if let place {
                    group.addTask { try await state.serve(at: place, logger: logger) }
                }
                // Both run until they are cancelled, unless the server cannot listen: that ends the agent too.
                while try await group.next() != nil {}
            }
        }
    }

    /// Checks the arguments as classic swarm does, and makes the agent.
    func makeAgent(didChange: @escaping @Sendable (AgentState) -> Void = { _ in }) throws -> JoinAgent {
        let (url, options) = try discovery.parsed(for: "join a cluster")
        guard let address = advertise ?? Environment.value("SWARM_ADVERTISE"), !address.isEmpty else {
            throw DaemonError.usage("missing mandatory --advertise flag")
        }
        guard let told = try? EngineAddress(parsing: address), case .tcp = told, !address.contains("/") else {
            throw DaemonError.usage("--advertise should be of the form ip:port or hostname:port, not \"\(address)\"")
        }
        guard delay.duration >= .zero else {
            throw DaemonError.usage("--delay should not be a negative number")
        }
        guard heartbeat.duration >= .seconds(1) else {
            throw DaemonError.usage("--heartbeat should be at least one second")
        }
        guard ttl.duration > heartbeat.duration else {
            throw DaemonError.usage(
                "--ttl must be strictly superior to the heartbeat value: \(ttl) is not more than \(heartbeat)"
            )
        }
        guard url.acceptsRegistrations else {
            throw DiscoveryError.cannotRegister(url: url.description)
        }
        var logger = global.logger
        if let name {
            logger[metadataKey: "node"] = "\(name)"
        }
        return JoinAgent(
            store: try url.store(options: options),
            address: followAddress
                ? url.server.map { .following(told, towards: $0) } ?? .fixed(address) : .fixed(address),
            heartbeat: heartbeat.duration,
            ttl: ttl.duration,
            logger: logger,
            didChange: didChange
        )
    }
}
