// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Provisioning
import SwarmCore
import Testing

/// Hosts whose firewall turns everything away but SSH: the engine's port is open afterwards, and closed by uninstall.
@Suite("Firewalls", .serialized)
struct FirewallIntegrationTests {
    struct Firewall: Sendable, CustomTestStringConvertible {
        let name: String
        let packages: String
        let activate: String
        /// Prints the rules, and something with the port if it is open.
        let list: String
        var testDescription: String { name }
    }

    static let firewalls = [
        Firewall(
            name: "ufw",
            packages: "ufw",
            activate: "ufw allow 22/tcp && ufw --force enable",
            list: "ufw status"
        ),
        Firewall(
            name: "nftables",
            packages: "nftables",
            activate: """
                printf 'table inet guard {\\n chain input {\\n type filter hook input priority 0; policy drop;\\n \
                ct state established,related accept\\n iif lo accept\\n tcp dport 22 accept\\n }\\n}\\n' >/etc/nftables.conf
                nft -f /etc/nftables.conf
                """,
            list: "nft list table inet guard"
        ),
        Firewall(
            name: "iptables",
            packages: "iptables",
            activate: """
                iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
                iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -p tcp --dport 22 -j ACCEPT; iptables -P INPUT DROP
                """,
            list: "iptables -S INPUT"
        ),
        Firewall(
            name: "firewalld",
            packages: "firewalld",
            activate: "systemctl start firewalld && firewall-cmd --state",
            list: "firewall-cmd --list-all; firewall-cmd --permanent --list-all"
        ),
    ]

    @Test("the port is open, stays so, and is closed by uninstall", arguments: firewalls)
    func open(firewall: Firewall) async throws {
        try await ProvisioningBench.with { bench in
            let prepared = try await Testbed.inHost(
                bench.node,
                "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \(firewall.packages) && { \(firewall.activate)\n}"
            )
            try #require(prepared.status == 0, "\(prepared)")

            let changes = try await bench.provision(bench.request())

            #expect(changes.contains("opened port 2376 in \(firewall.name) to 10.231.0.0/16"), "\(changes)")
            #expect(try await bench.sh(firewall.list).contains("2376"))
            #expect(try await bench.provision(bench.request()).isEmpty)
            _ = try await Provisioner().uninstall(bench.request(), purge: false, deadline: .after(.seconds(60)))
            #expect(try await !bench.sh(firewall.list).contains("2376"))
        }
    }
}
