// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Scheduling

/// What a container's configuration asks of its node; the same in a create request and in an inspect.
struct ContainerDemand {
    var claim = Resources()
    var ports: [HostPort] = []
    var usesHostNetwork = false
    var devices: [DeviceRequest] = []

    /// How `CpuShares` are meant.
    enum Shares {
        /// As classic swarm's clients write them: whole CPUs.
        case cpus
        /// As the engine has them: 1024 stand for all the CPUs of the node, of which there are that many.
        case engine(nodeCPUs: Int)
    }

    init(config: JSON, hostConfig: JSON, shares: Shares) {
        let host = JSONObject(hostConfig)
        let network = host.field("NetworkMode")?.string ?? ""
        usesHostNetwork = network == "host"
        claim = Self.claim(host, shares: shares)
        devices = host.field("DeviceRequests")?.elements.map { Self.deviceRequest(JSONObject($0)) } ?? []
        if usesHostNetwork {
            let exposed = JSONObject(config).field("ExposedPorts").map { JSONObject($0).members.map(\.key) } ?? []
            ports = exposed.compactMap { Self.port($0) }
        } else {
            ports = Self.publishedPorts(host.field("PortBindings"))
        }
    }

    private static func claim(_ host: JSONObject, shares: Shares) -> Resources {
        func positive(_ name: String) -> Int64 { min(largest, max(0, Int64(host.field(name)?.int ?? 0))) }
        var nano = positive("NanoCpus")
        let quota = positive("CpuQuota")
        if nano == 0, quota > 0 {
            let period = positive("CpuPeriod")
            nano = clamped(Double(quota) / Double(period == 0 ? 100_000 : period) * 1e9)
        }
        let cpuShares = positive("CpuShares")
        if nano == 0, cpuShares > 0 {
            switch shares {
            case .cpus: nano = clamped(Double(cpuShares) * 1e9)
            case .engine(let cpus): nano = clamped((Double(cpuShares) * Double(cpus) / 1024).rounded() * 1e9)
            }
        }
        let memory = positive("Memory")
        return Resources(nanoCPUs: nano, memory: memory > 0 ? memory : positive("MemoryReservation"))
    }

    private static func deviceRequest(_ fields: JSONObject) -> DeviceRequest {
        DeviceRequest(
            driver: fields.field("Driver")?.string ?? "",
            count: fields.field("Count")?.int ?? 0,
            ids: fields.field("DeviceIDs")?.strings ?? [],
            capabilities: fields.field("Capabilities")?.elements.map(\.strings) ?? []
        )
    }

    /// Beyond any node, and small enough that no sum of them overflows: sizes come from peers.
    private static let largest: Int64 = 1 << 50

    private static func clamped(_ value: Double) -> Int64 {
        min(largest, Int64(exactly: value.rounded()) ?? largest)
    }

    /// The fixed ports of `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}`.
    private static func publishedPorts(_ bindings: JSON?) -> [HostPort] {
        guard let bindings else {
            return []
        }
        var found: [HostPort] = []
        for (key, list) in JSONObject(bindings).members {
            for binding in list.elements {
                let fields = JSONObject(binding)
                let text = fields.field("HostPort")?.string ?? ""
                // Empty, 0 and ranges are for the engine to choose from.
                guard let number = UInt16(text), number > 0, let transport = transport(of: key) else {
                    continue
                }
                found.append(HostPort(number, transport, address: fields.field("HostIp")?.string))
            }
        }
        return found
    }

    /// The ports of the node that the engine says are published now, whoever chose them.
    static func ports(of summary: ContainerSummary) -> [HostPort] {
        summary.ports.compactMap { port in
            guard let number = port.publicPort.flatMap({ UInt16(exactly: $0) }), number > 0,
                let transport = Transport(rawValue: port.transport)
            else {
                return nil
            }
            return HostPort(number, transport, address: port.address)
        }
    }

    /// Reads `80/tcp`.
    private static func port(_ text: String) -> HostPort? {
        let number = text.prefix { $0 != "/" }
        guard let number = UInt16(number), number > 0, let transport = transport(of: text) else {
            return nil
        }
        return HostPort(number, transport)
    }

    private static func transport(of text: String) -> Transport? {
        guard let slash = text.firstIndex(of: "/") else {
            return .tcp
        }
        return Transport(rawValue: text[text.index(after: slash)...].lowercased())
    }
}
