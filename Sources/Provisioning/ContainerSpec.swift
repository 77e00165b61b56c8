// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI

/// One of our containers on a host, as it has to be.
struct ContainerSpec: Equatable {
    static let agentName = "swarm-agent"
    static let managerName = "swarm-agent-master"
    /// The label that holds ``configuration``.
    static let label = "swarmctl.config"
    /// Where the agent answers health checks, in its container.
    private static let healthSocket = "unix:///run/swarmd/agent.sock"

    let name: String
    let image: String
    let command: [String]
    let binds: [String]
    /// What the engine runs in the container to learn whether it is healthy; `nil` without a check.
    let healthCheck: [String]?
    /// A digest of all that the container is made of: another digest means another container.
    let configuration: String

    /// Certificates do not count: the programs read their files again when they change.
    private init(
        name: String,
        image: String,
        command: [String],
        binds: [String],
        healthCheck: [String]? = nil
    ) throws {
        self.name = name
        self.image = image
        self.command = command
        self.binds = binds
        self.healthCheck = healthCheck
        var digest = try SHA256Digest()
        for part in [name, image] + command + ["-"] + binds + (healthCheck ?? []) {
            digest.update(part.utf8)
            digest.update([0])
        }
        configuration = String(digest.hexadecimal().prefix(16))
    }

    /// The containers that a request asks for: the manager first, since the agent registers with it.
    static func wanted(_ request: ProvisionRequest) throws -> [ContainerSpec] {
        guard let image = request.image else {
            return []
        }
        var specs: [ContainerSpec] = []
        let program = request.front == nil ? [] : ["\(FrontSpec.program):/swarmd:ro"]
        if let manager = request.manager {
            specs.append(
                try ContainerSpec(
                    name: managerName,
                    image: image.tag,
                    command: managerCommand(manager),
                    binds: ["/etc/docker:/certs:ro", "/var/lib/swarmctl/manager:/var/lib/swarmd"] + program
                )
            )
        }
        if let agent = request.agent {
            specs.append(
                try ContainerSpec(
                    name: agentName,
                    image: image.tag,
                    command: ["join", "--advertise", agent.advertise, "--health", healthSocket] + agent.arguments
                        + [agent.discovery],
                    binds: ["/etc/docker:/certs:ro"] + program,
                    healthCheck: ["/swarmd", "health", healthSocket]
                )
            )
        }
        return specs
    }

    private static func managerCommand(_ manager: ManagerSpec) -> [String] {
        [
            "manage", "--tlsverify", "--tlscacert=/certs/ca.pem", "--tlscert=/certs/server.pem",
            "--tlskey=/certs/server-key.pem", "-H", "tcp://0.0.0.0:\(manager.port)", "--strategy", manager.strategy,
        ] + manager.arguments + [manager.discovery]
    }

    /// A check every ten seconds, in nanoseconds as the engine counts them.
    private static func healthCheck(_ words: [String]) -> JSONValue {
        .object([
            .init(key: "Test", value: .strings(["CMD"] + words)),
            .init(key: "Interval", value: .number("10000000000")),
            .init(key: "Timeout", value: .number("10000000000")),
        ])
    }

    /// What the engine is asked to create.
    var description: JSONValue {
        .object([
            .init(key: "Image", value: .string(image)),
            .init(key: "Cmd", value: .strings(command)),
            .init(key: "Labels", value: .object([.init(key: Self.label, value: .string(configuration))])),
            .init(
                key: "Healthcheck",
                value: healthCheck.map(Self.healthCheck) ?? .null
            ),
            .init(
                key: "HostConfig",
                value: .object([
                    .init(key: "NetworkMode", value: .string("host")),
                    .init(key: "Binds", value: .strings(binds)),
                    .init(
                        key: "RestartPolicy",
                        value: .object([.init(key: "Name", value: .string("always"))])
                    ),
                    .init(
                        key: "LogConfig",
                        value: .object([
                            .init(key: "Type", value: .string("json-file")),
                            .init(
                                key: "Config",
                                value: .object([
                                    .init(key: "max-size", value: .string("10m")),
                                    .init(key: "max-file", value: .string("3")),
                                ])
                            ),
                        ])
                    ),
                ])
            ),
        ])
    }
}
