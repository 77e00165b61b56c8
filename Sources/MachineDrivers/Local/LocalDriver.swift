// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import HTTPTransfer
package import Machines
package import SecureShell
internal import SwarmCore

/// Hosts as system containers with systemd and sshd on a local Docker engine.
///
/// No hypervisor and no cloud is needed. Each host has a fixed address on a network of its own, its key
/// for SSH from before its first start, and volumes for what its nested engine keeps.
package struct LocalDriver: MachineDriver {
    package static let defaultImage = "swarmctl/node:bookworm"

    package let name = "local"
    package let summary = "system containers with systemd and sshd on a local Docker engine"
    package let makesHosts = true
    package let options = [
        DriverOption(
            "local-docker-host",
            environment: "SWARMCTL_LOCAL_DOCKER_HOST",
            help: """
                The engine to use, as unix:///PATH or tcp://HOST:PORT; if not given, a DOCKER_HOST that is a socket, else \
                the testbed's engine when it runs, else unix:///var/run/docker.sock.
                """
        ),
        DriverOption(
            "local-image",
            environment: "SWARMCTL_LOCAL_IMAGE",
            defaultValue: defaultImage,
            help: "The image of the hosts; swarmctl/node:docker has Docker installed."
        ),
        DriverOption(
            "local-network",
            environment: "SWARMCTL_LOCAL_NETWORK",
            defaultValue: "swarmctl",
            help: "The engine's network for the hosts, made when it is missing."
        ),
        DriverOption(
            "local-memory",
            environment: "SWARMCTL_LOCAL_MEMORY",
            help: "Memory of a host, as 2g; if not given, all there is."
        ),
        DriverOption(
            "local-cpus",
            environment: "SWARMCTL_LOCAL_CPUS",
            help: "CPUs of a host, as 1.5; if not given, all there are."
        ),
    ]

    let http: any HTTPSending
    let environment: [String: String]
    let networks = LocalNetworks()
    let cgroups = CgroupVersions()

    /// - Parameters:
    ///   - http: makes the calls to the engine.
    ///   - environment: of the process.
    package init(http: any HTTPSending, environment: [String: String]) {
        self.http = http
        self.environment = environment
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let wish = try LocalWish(request)
        let engine = try await engine(request.options, nil, request.name)
        guard try await engine.answers() else {
            throw MachineError.preCreate(
                machine: request.name,
                problem: "no engine answers at \(engine.endpoint)",
                advice: "start one with `\(scriptFolder)/engine.sh start`, or name another with `--local-docker-host`"
            )
        }
        let image = NodeImage(engine: engine, name: wish.image, script: script)
        try await image.ensure()
    }

    package func remove(_ machine: DriverMachine) async throws {
        let engine = try await engine(of: machine)
        for container in try await engine.containers(ofMachine: machine.id) {
            try await engine.removeContainer(container.id)
        }
        for volume in try await engine.volumes(ofMachine: machine.id) {
            try await engine.change("DELETE", "/volumes/\(volume.name)", accepting: [404])
        }
        try await networks.removeIfUnused(machine.state["network"] ?? machine.options["local-network"], at: engine)
    }

    package func start(_ machine: DriverMachine) async throws {
        try await change(machine, "start", accepting: [304])
    }

    package func stop(_ machine: DriverMachine) async throws {
        try await change(machine, "stop", ["t": "30"], accepting: [304])
    }

    package func kill(_ machine: DriverMachine) async throws {
        // 409: it does not run, which is what is wanted.
        try await change(machine, "kill", ["signal": "KILL"], accepting: [409])
    }

    package func restart(_ machine: DriverMachine) async throws {
        try await change(machine, "restart", ["t": "30"])
    }

    package func state(of machine: DriverMachine) async throws -> MachineState {
        let engine = try await engine(of: machine)
        guard let container = try await engine.container(of: machine) else {
            return .notFound
        }
        return switch container.state.status {
        case "running": .running
        case "paused": .paused
        case "created", "exited": .stopped
        case "restarting": .starting
        case "removing": .stopping
        case "dead": .error
        default: .unknown
        }
    }

    package func address(of machine: DriverMachine) async throws -> String {
        if let address = machine.state["address"] {
            return address
        }
        let engine = try await engine(of: machine)
        let networks = try await found(machine, at: engine).networkSettings.networks ?? [:]
        guard let address = networks.values.compactMap({ $0.ipamConfig?.ipv4Address ?? $0.ipAddress }).first else {
            throw engine.problem("its container has no address", .failed)
        }
        return address
    }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? {
        SSHAddress(user: "root", host: try await address(of: machine), port: 22)
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let engine = try await engine(options, nil, "")
        let containers = try await engine.containers(label: Tag.id)
            .map { Tag.resource("container", $0.id, $0.labels ?? [:]) }
        let volumes = try await engine.volumes(label: Tag.id)
            .map { Tag.resource("volume", $0.name, $0.labels ?? [:]) }
        return containers + volumes
    }

    private func change(
        _ machine: DriverMachine,
        _ verb: String,
        _ query: [String: String] = [:],
        accepting accepted: Set<Int> = []
    ) async throws {
        let engine = try await engine(of: machine)
        let id = try await found(machine, at: engine).id
        try await engine.change("POST", "/containers/\(id)/\(verb)", query, accepting: accepted)
    }

    private func found(_ machine: DriverMachine, at engine: LocalEngine) async throws -> ContainerInfo {
        guard let container = try await engine.container(of: machine) else {
            throw engine.problem("its container is gone", .notFound)
        }
        return container
    }

    private func engine(of machine: DriverMachine) async throws -> LocalEngine {
        try await engine(machine.options, machine.state["engine"], machine.name)
    }

    /// The engine that a machine was made on, else the one that its options or the environment name.
    func engine(_ options: [String: String], _ known: String?, _ machine: String) async throws -> LocalEngine {
        let locator = EngineLocator(environment: environment) { endpoint in
            try await LocalEngine(http: http, endpoint: endpoint, machine: machine).answers()
        }
        let endpoint = try await locator.endpoint(wanted: known ?? options["local-docker-host"])
        return LocalEngine(http: http, endpoint: endpoint, machine: machine)
    }

    private var script: String? {
        NodeImage.script(environment: environment, program: Bundle.main.executablePath)
    }

    private var scriptFolder: String {
        script.map { String($0.dropLast("/node-image.sh".count)) } ?? "Scripts/testbed"
    }
}
