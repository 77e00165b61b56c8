// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// Step 7: the ports are open in the host's firewall, for those who are allowed and after a restart too.
struct FirewallStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// What will be opened; `nil` when no firewall is active, or all is open.
    func plan(_ facts: HostFacts) throws(ProvisionError) -> String? {
        let firewall = facts.network.firewall
        guard firewall != .none else {
            return nil
        }
        guard LookStep.trimmed(facts.files.firewallScript ?? "") != LookStep.trimmed(try script(facts)) else {
            return nil
        }
        let ports = request.listeningPorts.map(String.init).joined(separator: " and ")
        let blocks = try blocks(facts)
        return "open port \(ports) in \(firewall.rawValue) to \(blocks.joined(separator: ", "))"
    }

    /// Opens what is not open.
    ///
    /// - Returns: what was opened, a line each.
    func apply(_ facts: HostFacts) async throws -> [String] {
        let firewall = facts.network.firewall
        let unit: String
        do {
            unit = try request.templates.render("firewall/swarmctl-firewall.service", [:])
        } catch {
            throw failure(.template(name: "firewall/swarmctl-firewall.service", reason: error.message))
        }
        let report = try await shell.run(
            "firewall/apply.sh",
            [
                "script": LookStep.trimmed(try script(facts)),
                "firewall": firewall.rawValue,
                "persists": firewall == .nftables || firewall == .iptables,
                "unit": LookStep.trimmed(unit),
            ],
            step: .openPort
        )
        return report.all("opened").map { line in
            let words = line.split(separator: " ")
            return "opened port \(words.first ?? "") in \(firewall.rawValue) to \(words.last ?? "")"
        }
    }

    /// The blocks that may come in: those asked for, and the address we come from, each once and with its host bits
    /// cleared, as firewalls print them.
    private func blocks(_ facts: HostFacts) throws(ProvisionError) -> [String] {
        var blocks: [String] = []
        for text in request.allowFrom + [facts.network.operatorAddress].compactMap(\.self) {
            guard let block = IPAddress.normalizedBlock(text) else {
                throw failure(.badOption(option: "--allow-from", reason: "\"\(text)\" is not an address or CIDR block"))
            }
            if !blocks.contains(block) {
                blocks.append(block)
            }
        }
        return blocks
    }

    private func script(_ facts: HostFacts) throws(ProvisionError) -> String {
        var rules: [[String: String]] = []
        for port in request.listeningPorts {
            for block in try blocks(facts) {
                let isSix = IPAddress.blockVersion(block) == .six
                let isAny = facts.network.firewall == .ufw && block == "0.0.0.0/0"
                rules.append([
                    "port": "\(port)",
                    "block": isAny ? "any" : block,
                    "family": isSix ? "ipv6" : "ipv4",
                    "protocol": isSix ? "ip6" : "ip",
                    "command": isSix ? "ip6tables" : "iptables",
                ])
            }
        }
        let name = "firewall/\(facts.network.firewall.rawValue).sh"
        do {
            return try request.templates.render(name, ["rules": rules])
        } catch {
            throw failure(.template(name: name, reason: error.message))
        }
    }

    private func failure(_ cause: ProvisionError.Cause) -> ProvisionError {
        ProvisionError(host: request.nodeName, step: .openPort, cause: cause)
    }
}
