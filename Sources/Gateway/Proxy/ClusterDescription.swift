// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Scheduling
internal import SwarmCore

/// `docker info` of the cluster: sums over its nodes, and the lines for people.
struct ClusterDescription {
    private let snapshot: ClusterSnapshot
    private let leadership: Leadership.View
    private let namespace: Namespace?
    private let tls: TLSContexts?
    private let cache: NodeLineCache

    /// - Parameters:
    ///   - snapshot: of the cluster.
    ///   - leadership: of this manager.
    ///   - namespace: whose containers and images alone are counted; all with `nil`.
    ///   - tls: the manager's files; `nil` without TLS.
    ///   - cache: of the lines about nodes, used without a namespace.
    init(
        _ snapshot: ClusterSnapshot,
        leadership: Leadership.View,
        namespace: Namespace? = nil,
        tls: TLSContexts? = nil,
        cache: NodeLineCache
    ) {
        self.snapshot = snapshot
        self.leadership = leadership
        self.namespace = namespace
        self.tls = tls
        self.cache = cache
    }

    func info(isOldClient: Bool) -> JSON {
        let nodes = snapshot.nodes
        let counts = nodes.reduce(into: ContainerCounts()) { $0 += ContainerCounts($1, of: namespace) }
        let lines = statusLines
        let first = snapshot.healthyNodes.first?.info
        let images = namespace.map { namespace in
            Set(nodes.flatMap { $0.images.filter { namespace.mayUse($0) }.map(\.id) }).count
        }
        let labels: [String: String] = [:]
        var info = JSONObject()
        info["ID"] = ""
        info["Name"] = JSON(leadership.isLeading ? "swarm" : "swarm-replica")
        info["ServerVersion"] = JSON("swarm/\(swarmVersion)")
        info["Containers"] = JSON(counts.all)
        info["ContainersRunning"] = JSON(counts.running)
        info["ContainersPaused"] = JSON(counts.paused)
        info["ContainersStopped"] = JSON(counts.stopped)
        info["Images"] = JSON(images ?? snapshot.imageCount)
        info["Driver"] = ""
        info["DriverStatus"] = isOldClient ? lines : .null
        info["SystemStatus"] = isOldClient ? .null : lines
        info["Plugins"] = ["Volume": .null, "Network": .null, "Authorization": .null, "Log": .null]
        info["MemoryLimit"] = true
        info["SwapLimit"] = true
        info["KernelMemory"] = true
        info["CpuCfsPeriod"] = true
        info["CpuCfsQuota"] = true
        info["CPUShares"] = true
        info["CPUSet"] = true
        info["IPv4Forwarding"] = true
        info["BridgeNfIptables"] = true
        info["BridgeNfIp6tables"] = true
        info["Debug"] = false
        info["OomKillDisable"] = true
        info["PidsLimit"] = true
        info["NFd"] = 0
        info["NGoroutines"] = 0
        info["NEventsListener"] = 0
        info["SystemTime"] = JSON(WallTime.format(WallTime.now))
        info["LoggingDriver"] = ofHosts("LoggingDriver")
        info["CgroupDriver"] = ofHosts("CgroupDriver")
        info["CgroupVersion"] = ofHosts("CgroupVersion")
        info["DefaultRuntime"] = ofHosts("DefaultRuntime")
        info["KernelVersion"] = JSON(first?.kernelVersion ?? "")
        info["OperatingSystem"] = JSON(first?.osType ?? "linux")
        info["OSType"] = JSON(first?.osType ?? "linux")
        info["Architecture"] = JSON(architectures)
        info["IndexServerAddress"] = "https://index.docker.io/v1/"
        info["RegistryConfig"] = first?.raw["RegistryConfig"] ?? .null
        info["NCPU"] = JSON(nodes.reduce(0) { $0 + ($1.info?.cpus ?? 0) })
        info["MemTotal"] = JSON(nodes.reduce(Int64(0)) { $0 &+ ($1.info?.memory ?? 0) })
        info["DockerRootDir"] = ""
        info["HttpProxy"] = ""
        info["HttpsProxy"] = ""
        info["NoProxy"] = ""
        info["Labels"] = JSON(labels.keys.sorted())
        info["ExperimentalBuild"] = false
        info["LiveRestoreEnabled"] = false
        info["Swarm"] = ["NodeID": "", "LocalNodeState": "inactive", "ControlAvailable": false, "Error": ""]
        info["SecurityOptions"] = JSON(securityOptions)
        info["Warnings"] = JSON(warnings)
        return info.json
    }

    /// Each node in one object, for programs.
    var nodes: JSON {
        JSON(
            snapshot.nodes.map { node in
                let counts = ContainerCounts(node, of: namespace)
                return [
                    "Name": JSON(node.name), "Address": JSON(node.address), "ID": JSON(node.engineID),
                    "Status": JSON(node.statusWord), "Problem": Self.problem(of: node).map { JSON($0) } ?? .null,
                    "Containers": [
                        "All": JSON(counts.all), "Running": JSON(counts.running), "Paused": JSON(counts.paused),
                        "Stopped": JSON(counts.stopped),
                    ],
                    "CPUs": JSON(node.info?.cpus ?? 0), "ReservedNanoCPUs": JSON(node.reserved.nanoCPUs),
                    "Memory": JSON(node.info?.memory ?? 0), "ReservedMemory": JSON(node.reserved.memory),
                    "ServerVersion": JSON(node.info?.serverVersion ?? ""),
                    "Labels": JSON(node.info?.labels ?? [:]),
                ]
            }
        )
    }

    /// What the engines say of their hosts, and the first of them when they differ.
    private func ofHosts(_ name: String) -> JSON {
        snapshot.healthyNodes.lazy.compactMap { $0.info?.raw[name] }.first ?? ""
    }

    /// What a container may rely on, wherever it is placed.
    private var securityOptions: [String] {
        let all = snapshot.healthyNodes.compactMap { $0.info?.securityOptions }
        // Of a thousand nodes most have the same.
        let lists = Set(all)
        return (all.first ?? []).filter { option in lists.allSatisfy { $0.contains(option) } }
    }

    private var architectures: String {
        Set(snapshot.nodes.compactMap { $0.info?.architecture }).sorted().joined(separator: ",")
    }

    private var warnings: [String] {
        var warnings = snapshot.nodes.compactMap { node in node.warning.map { "\(node.name): \($0)" } }
        if case .stale(let reason, let since) = snapshot.discovery {
            warnings.append("discovery fails since \(WallTime.format(since)): \(reason); the member list is frozen")
        }
        return warnings + CertificateNotice.lines(tls)
    }

    // MARK: Lines for people

    /// Classic swarm's lines, in its order; clients parse them.
    private var statusLines: JSON {
        let role =
            leadership.isLeading
            ? [("Role", "primary")]
            : [("Role", "replica"), ("Primary", leadership.leader?.address ?? "(election)")]
        var lines = role
        lines += [
            ("Strategy", snapshot.strategyName),
            ("Filters", snapshot.filterNames.joined(separator: ", ")), ("Nodes", String(snapshot.nodes.count)),
        ]
        let inner = Self.elements(lines)
        guard namespace == nil else {
            return JSON(joining: [inner] + snapshot.nodes.map { Self.elements(Self.lines(of: $0, namespace)) })
        }
        let nodes = cache.text(of: snapshot.nodes) { Self.elements(Self.lines(of: $0, nil)) }
        return JSON(joining: [inner, nodes])
    }

    /// The elements of a JSON array, with commas between them.
    private static func elements(_ lines: [(String, String)]) -> [UInt8] {
        Array(JSON(lines.map { JSON([JSON($0.0), JSON($0.1)]) }).bytes.dropFirst().dropLast())
    }

    private static func lines(of node: NodeState, _ namespace: Namespace?) -> [(String, String)] {
        let counts = ContainerCounts(node, of: namespace)
        let info = node.info
        var lines = [(" \(node.name)", node.address)]
        func add(_ name: String, _ value: String) {
            lines.append(("  └ \(name)", value))
        }
        add("ID", node.engineID.isEmpty ? "(unknown)" : node.engineID)
        add("Status", node.statusWord)
        add(
            "Containers",
            "\(counts.all) (\(counts.running) Running, \(counts.paused) Paused, \(counts.stopped) Stopped)"
        )
        let reserved = namespace.map { $0.claim(on: node) } ?? node.reserved
        add("Reserved CPUs", "\(cpus(reserved.nanoCPUs)) / \(info?.cpus ?? 0)")
        add("Reserved Memory", "\(ByteCount(reserved.memory).iec) / \(ByteCount(info?.memory ?? 0).iec)")
        add("Labels", labels(of: node))
        if let problem = problem(of: node) {
            add("Error", problem)
        }
        add("UpdatedAt", WallTime.format(node.updatedAt))
        add("ServerVersion", info?.serverVersion ?? "")
        return lines
    }

    /// Why the node is not healthy and since when, or what to fix on a healthy one.
    private static func problem(of node: NodeState) -> String? {
        if node.status != .healthy {
            return "\(node.reason ?? "not connected so far") (since \(WallTime.format(node.since)))"
        }
        return node.warning
    }

    private static func cpus(_ nanoCPUs: Int64) -> String {
        let thousandths = nanoCPUs / 1_000_000
        guard thousandths % 1000 != 0 else {
            return String(thousandths / 1000)
        }
        return "\(Double(thousandths) / 1000)"
    }

    /// The engine's labels and the facts that constraints can name, sorted.
    private static func labels(of node: NodeState) -> String {
        var labels = node.info?.labels ?? [:]
        if let info = node.info {
            labels["kernelversion"] = info.kernelVersion
            labels["operatingsystem"] = info.operatingSystem
            labels["ostype"] = info.osType
            labels["storagedriver"] = info.storageDriver
        }
        return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }
}

/// How many containers there are in each state.
private struct ContainerCounts {
    var all = 0
    var running = 0
    var paused = 0
    var stopped: Int { all - running - paused }

    init() {}

    init(_ node: NodeState, of namespace: Namespace?) {
        guard let namespace else {
            all = node.containers.count
            running = node.states["running"] + node.states["restarting"]
            paused = node.states["paused"]
            return
        }
        for container in node.containers.values where namespace.owns(container) {
            all += 1
            switch container.summary.state {
            case "running", "restarting": running += 1
            case "paused": paused += 1
            default: break
            }
        }
    }

    static func += (left: inout ContainerCounts, right: ContainerCounts) {
        left.all += right.all
        left.running += right.running
        left.paused += right.paused
    }
}
