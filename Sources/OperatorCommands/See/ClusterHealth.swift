// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What a manager says of its cluster, read from its `info`.
package struct ClusterHealth: Sendable, Equatable, Encodable {
    /// One node as the manager sees it.
    package struct Node: Sendable, Equatable, Encodable {
        package var name: String
        /// `HOST:PORT`.
        package var address: String
        /// `Healthy`, `Pending`, `Unhealthy`, `Disconnected`, `Draining` or `Cordoned`.
        package var status = "Unknown"
        /// As in `2 (1 Running, 0 Paused, 1 Stopped)`.
        package var containers = ""
        package var reservedCPUs = ""
        package var reservedMemory = ""
        package var serverVersion = ""
        /// Why the node is not healthy; `nil` when it is.
        package var error: String?
    }

    package var role = ""
    /// On a replica, the address of the manager that leads.
    package var primary: String?
    package var strategy = ""
    package var serverVersion = ""
    package var containers = 0
    /// In the manager's order, which is by name.
    package var nodes: [Node] = []

    /// How many nodes take part.
    package var healthy: Int { nodes.count { $0.status == "Healthy" } }

    /// As in `3/3 nodes healthy`.
    package var summary: String { "\(healthy)/\(nodes.count) nodes healthy" }

    /// Reads the reply to `GET /info`.
    ///
    /// The table in `SystemStatus` is what classic Swarm prints: a node's name begins with one
    /// space, what is said of it with two spaces and `└`.
    package init(info: JSONValue) {
        let status = info["SystemStatus"].elements.isEmpty ? info["DriverStatus"] : info["SystemStatus"]
        serverVersion = info["ServerVersion"].string ?? ""
        containers = info["Containers"].integer ?? 0
        for pair in status.elements {
            let parts = pair.elements.map { $0.string ?? "" }
            guard parts.count == 2 else {
                continue
            }
            let key = parts[0].drop { $0 == " " || $0 == "└" || $0 == "\u{A0}" }
            if parts[0].contains("└") {
                set(String(key), to: parts[1])
            } else if parts[0].hasPrefix(" ") {
                nodes.append(Node(name: String(key), address: parts[1]))
            } else if key == "Role" {
                role = parts[1]
            } else if key == "Primary" {
                primary = parts[1]
            } else if key == "Strategy" {
                strategy = parts[1]
            }
        }
    }

    private mutating func set(_ key: String, to value: String) {
        guard var node = nodes.popLast() else {
            return
        }
        switch key {
        case "Status": node.status = value
        case "Containers": node.containers = value
        case "Reserved CPUs": node.reservedCPUs = value
        case "Reserved Memory": node.reservedMemory = value
        case "ServerVersion": node.serverVersion = value
        case "Error": node.error = value.isEmpty || value == "(none)" ? nil : value
        default: break
        }
        nodes.append(node)
    }
}
