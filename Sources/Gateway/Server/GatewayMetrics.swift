// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Synchronization

/// Counts for `/metrics`, in Prometheus' text format.
///
/// Labels are routes as written in the table, methods and statuses: their number is bounded,
/// whatever clients ask for.
final class GatewayMetrics: Sendable {
    private struct Key: Hashable, Comparable {
        let route: String
        let method: String
        let status: Int

        static func < (left: Key, right: Key) -> Bool {
            (left.route, left.method, left.status) < (right.route, right.method, right.status)
        }
    }

    private struct Latencies {
        /// Upper bounds in seconds; what took longer counts in the total alone.
        static let bounds = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 60, 600]

        /// Requests up to each bound and above the one before it.
        var counts = [Int](repeating: 0, count: bounds.count)
        var count = 0
        var seconds = 0.0

        mutating func add(_ time: Double) {
            count += 1
            seconds += time
            if let index = Self.bounds.firstIndex(where: { time <= $0 }) {
                counts[index] += 1
            }
        }
    }

    private let requests = Mutex<[Key: Latencies]>([:])
    private let placements = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)

    /// Counts an answered request; `seconds` of a stream are those until its end.
    func record(route: String, method: String, status: Int, seconds: Double) {
        requests.withLock { $0[Key(route: route, method: method, status: status), default: Latencies()].add(seconds) }
    }

    /// Counts a container that was placed and created.
    func recordPlacement() {
        placements.add(1, ordering: .relaxed)
    }

    /// Counts a connection that opened, or with -1 one that closed.
    func countConnection(_ change: Int) {
        connections.add(change, ordering: .relaxed)
    }

    /// Open connections of clients.
    var openConnections: Int {
        connections.load(ordering: .relaxed)
    }

    /// The text of all metrics at this moment.
    ///
    /// - Parameters:
    ///   - snapshot: of the cluster.
    ///   - statistics: of the connections to its engines.
    ///   - tls: the manager's files; `nil` without TLS.
    /// - Returns: lines with a newline at each end.
    func text(_ snapshot: ClusterSnapshot, statistics: ClusterStatistics, tls: TLSContexts?) -> String {
        var lines: [String] = []
        func family(_ name: String, _ type: String, _ help: String) {
            lines.append("# HELP \(name) \(help)")
            lines.append("# TYPE \(name) \(type)")
        }
        family("swarm_nodes", "gauge", "Nodes by status.")
        for status in [NodeStatus.pending, .healthy, .unhealthy, .disconnected] {
            let count = snapshot.nodes.count { $0.status == status }
            lines.append("swarm_nodes{status=\"\(status.rawValue)\"} \(count)")
        }
        family("swarm_containers", "gauge", "Containers by state.")
        for (state, count) in Self.containers(snapshot).sorted(by: { $0.key < $1.key }) {
            lines.append("swarm_containers{state=\"\(Self.escape(state))\"} \(count)")
        }
        family("swarm_placements_total", "counter", "Containers placed and created.")
        lines.append("swarm_placements_total \(placements.load(ordering: .relaxed))")
        family("swarm_event_lag_seconds", "gauge", "How long the latest event of a node was on its way.")
        let lags = statistics.eventLags
        for node in snapshot.nodes {
            if let lag = lags[node.address] {
                lines.append("swarm_event_lag_seconds{node=\"\(Self.escape(node.name))\"} \(lag)")
            }
        }
        family("swarm_reconnects_total", "counter", "Engines that were gone and came back.")
        lines.append("swarm_reconnects_total \(statistics.reconnects)")
        family("swarm_client_connections", "gauge", "Open connections of clients.")
        lines.append("swarm_client_connections \(openConnections)")
        if let certificateExpiry = tls?.certificateExpiry {
            family("swarm_certificate_expiry_seconds", "gauge", "When the certificate expires, since 1970.")
            lines.append("swarm_certificate_expiry_seconds \(certificateExpiry)")
        }
        if let authorityExpiry = tls?.authorityExpiry {
            family("swarm_authority_expiry_seconds", "gauge", "When the certificate authority expires, since 1970.")
            lines.append("swarm_authority_expiry_seconds \(authorityExpiry)")
        }
        family("swarm_node_certificate_expiry_seconds", "gauge", "When a node's certificate expires, since 1970.")
        for node in snapshot.nodes {
            if let end = node.certificateEnd {
                lines.append("swarm_node_certificate_expiry_seconds{node=\"\(Self.escape(node.name))\"} \(end)")
            }
        }
        family("swarm_request_seconds", "histogram", "Requests by route, until the end of the answer.")
        for (key, latencies) in requests.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            lines += Self.histogram(key, latencies)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func histogram(_ key: Key, _ latencies: Latencies) -> [String] {
        let labels = "route=\"\(escape(key.route))\",method=\"\(key.method)\",status=\"\(key.status)\""
        var sum = 0
        var lines = zip(Latencies.bounds, latencies.counts).map { bound, count in
            sum += count
            return "swarm_request_seconds_bucket{\(labels),le=\"\(bound)\"} \(sum)"
        }
        lines.append("swarm_request_seconds_bucket{\(labels),le=\"+Inf\"} \(latencies.count)")
        lines.append("swarm_request_seconds_sum{\(labels)} \(latencies.seconds)")
        lines.append("swarm_request_seconds_count{\(labels)} \(latencies.count)")
        return lines
    }

    private static func containers(_ snapshot: ClusterSnapshot) -> [String: Int] {
        snapshot.nodes.reduce(into: StateCounts()) { $0 += $1.states }.byState
    }

    private static func escape(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
