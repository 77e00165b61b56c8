// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

/// One rule of a security group: who may reach a port.
struct EC2Rule: Hashable {
    var transport: String
    var port: Int
    /// In CIDR form.
    var network: String
}

/// The rules that let connections into a security group.
struct EC2Ingress {
    private let rules: Set<EC2Rule>

    /// Reads those of a described group.
    init(of group: XMLElement) {
        var rules: Set<EC2Rule> = []
        for permission in group.items("ipPermissions") {
            guard let port = permission.text("fromPort").flatMap({ Int($0) }) else {
                continue
            }
            let networks =
                permission.items("ipRanges").compactMap { $0.text("cidrIp") }
                + permission.items("ipv6Ranges").compactMap { $0.text("cidrIpv6") }
            for network in networks {
                rules.insert(
                    EC2Rule(transport: permission.text("ipProtocol") ?? "", port: port, network: network)
                )
            }
        }
        self.rules = rules
    }

    func contains(_ rule: EC2Rule) -> Bool { rules.contains(rule) }

    /// The rules of a machine: its ports for the networks asked for, or for all.
    static func rules(_ request: MachineRequest, _ values: DriverValues) throws -> [EC2Rule] {
        let networks = request.allowFrom.isEmpty ? ["0.0.0.0/0", "::/0"] : request.allowFrom.map(cidr)
        let ports = request.ports.map { (transport: "tcp", port: $0) } + (try openPorts(values))
        return ports.flatMap { port in
            networks.map { EC2Rule(transport: port.transport, port: port.port, network: $0) }
        }
    }

    /// `amazonec2-open-port`, as `8080` or `53/udp`.
    static func openPorts(_ values: DriverValues) throws -> [(transport: String, port: Int)] {
        try values.list("open-port").map { text in
            let parts = text.split(separator: "/", maxSplits: 1)
            let transport = parts.count == 2 ? parts[1].lowercased() : "tcp"
            guard let port = parts.first.flatMap({ Int($0) }), (1...65_535).contains(port),
                ["tcp", "udp"].contains(transport)
            else {
                throw values.bad("open-port", "\"\(text)\" is not of the form PORT or PORT/udp")
            }
            return (transport, port)
        }
    }

    static func parameters(_ rules: [EC2Rule]) -> [(String, String)] {
        rules.enumerated().flatMap { index, rule in
            let start = "IpPermissions.\(index + 1)"
            let range =
                rule.network.contains(":")
                ? ("\(start).Ipv6Ranges.1.CidrIpv6", rule.network) : ("\(start).IpRanges.1.CidrIp", rule.network)
            return [
                ("\(start).IpProtocol", rule.transport), ("\(start).FromPort", "\(rule.port)"),
                ("\(start).ToPort", "\(rule.port)"), range,
            ]
        }
    }

    /// An address alone stands for itself.
    private static func cidr(_ text: String) -> String {
        text.contains("/") ? text : text.contains(":") ? "\(text)/128" : "\(text)/32"
    }
}
