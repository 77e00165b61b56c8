// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Every route with every role, expected against got; and what roles see and may not make.
@Suite("Roles", .serialized)
struct RoleTableIntegrationTests {
    @Test("the table of roles is what a manager does; viewers see no environment, operators get no power over hosts")
    func roles() async throws {
        try await RoleCluster.with { cluster in
            try await table(cluster)
            try await claims(cluster)
            try await viewer(cluster)
            try await operators(cluster)
            try await audit(cluster)
        }
    }

    // MARK: The table

    /// Users in the order of the table's columns.
    private static let columns = ["admin", "operator", "viewer", "blue", "host"]

    private func table(_ cluster: RoleCluster) async throws {
        let printed = try await run(Testbed.swarmctl, ["roles", "--tabs"])
        let rules = printed.output.split(separator: "\n").map { $0.split(separator: "\t").map { String($0) } }
        try #require(rules.count > 100 && rules.allSatisfy { $0.count == 2 + Self.columns.count }, "\(printed)")
        var got: [[String]] = []
        for user in Self.columns + ["nobody"] {
            got.append(try await statuses(of: rules, user, cluster))
        }
        var lines = ["route".padding(44) + (Self.columns + ["no role"]).map { $0.padding(24) }.joined()]
        for (index, rule) in rules.enumerated() {
            var line = "\(rule[0]) /\(rule[1])".padding(44)
            for (column, user) in (Self.columns + ["no role"]).enumerated() {
                let expected = column < Self.columns.count ? rule[2 + column] : "no"
                let status = got[column][index]
                let isRight = (expected == "no") == (status == "403")
                line += "\(expected) \(status)\(isRight ? "" : " !")".padding(24)
                #expect(
                    isRight && status != "000",
                    "\(rule[0]) /\(rule[1]) as \(user): expected \(expected), got \(status)"
                )
            }
            lines.append(line)
        }
        print(lines.joined(separator: "\n"))
    }

    /// The status of every route for one user, on one connection.
    private func statuses(of rules: [[String]], _ user: String, _ cluster: RoleCluster) async throws -> [String] {
        let config = rules.map { rule in
            let lines = [
                "url = \"https://127.0.0.1:\(RoleCluster.port)\(Self.path(rule[1]))\"",
                rule[0] == "HEAD" ? "head" : "request = \(rule[0])", "output = /dev/null", "silent", "max-time = 60",
                "write-out = \"%{http_code}\\n\"", "cacert = \(cluster.folder)/ca.pem",
                "cert = \(cluster.folder)/\(user).pem", "key = \(cluster.folder)/\(user)-key.pem",
            ]
            let body =
                ["POST", "PUT"].contains(rule[0])
                ? ["data = \"{}\"", "header = \"Content-Type: application/json\""] : []
            return (lines + body).joined(separator: "\n")
        }
        let file = cluster.folder + "/routes-\(user)"
        try config.joined(separator: "\nnext\n").write(toFile: file, atomically: true, encoding: .utf8)
        let answered = try await run("curl", ["-K", file], timeout: .seconds(300))
        let statuses = answered.output.split(separator: "\n").map { String($0) }
        try #require(statuses.count == rules.count, "\(answered)")
        return statuses
    }

    /// A path of the route that does no harm, and does not wait for a network.
    private static func path(_ pattern: String) -> String {
        switch pattern {
        case "*": return "/v1.41/nothing/of/the/kind"
        case "events": return "/v1.41/events?since=1&until=2"
        case "images/search": return "/v1.41/images/search?term=127.0.0.1:1/missing"
        case "distribution/{name}/json": return "/v1.41/distribution/127.0.0.1:1/missing/json"
        case "images/create": return "/v1.41/images/create?fromImage=127.0.0.1:1/missing&tag=latest"
        case "plugins/pull", "plugins/privileges": return "/v1.41/\(pattern)?remote=127.0.0.1:1/missing"
        default: return "/v1.41/" + pattern.replacing("{name}", with: "missing").replacing("{id}", with: "missing")
        }
    }

    // MARK: Who somebody is

    private func claims(_ cluster: RoleCluster) async throws {
        let claim = "X-Swarm-Caller: admin;eve;10.0.0.9"
        let viewing = "X-Swarm-Caller: viewer;eve;10.0.0.9"
        // Only nodes and admins speak for others, and nobody gets more than the one it speaks for.
        #expect(try await cluster.status("viewer", "GET", "/containers/json", headers: [claim]) == "403")
        #expect(try await cluster.status("blue", "GET", "/info", headers: [claim]) == "403")
        #expect(try await cluster.status("host", "GET", "/containers/json", headers: [viewing]) == "200")
        #expect(try await cluster.status("host", "POST", "/containers/prune", headers: [viewing]) == "403")
        #expect(try await cluster.status("admin", "POST", "/containers/prune", headers: [viewing]) == "403")
        // Another authority, and no certificate, end in the handshake.
        let strange = try await run(
            "curl",
            ["-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1:\(RoleCluster.port)/_ping"]
        )
        #expect(strange.output == "000" && strange.status != 0, "\(strange)")
    }

    // MARK: Viewers and operators

    private func viewer(_ cluster: RoleCluster) async throws {
        let made = try await cluster.docker(
            "admin",
            "run",
            "-d",
            "--name",
            "open",
            "-e",
            "TOKEN=abc",
            "busybox",
            "sleep",
            "600"
        )
        try #require(made.status == 0, "\(made)")

        let inspected = try await cluster.docker("viewer", "inspect", "open")
        let image = try await cluster.docker("viewer", "image", "inspect", "busybox")

        #expect(inspected.status == 0 && inspected.output.contains("\"Env\": []"), "\(inspected)")
        #expect(!inspected.output.contains("TOKEN") && !inspected.output.contains("PATH="), "\(inspected)")
        #expect(image.status == 0 && !image.output.contains("PATH="), "\(image)")
        #expect(try await cluster.docker("admin", "inspect", "open").output.contains("TOKEN=abc"))
        #expect(try await cluster.docker("viewer", "ps", "-q").line.count == 12)
        for words in [
            ["logs", "open"], ["exec", "open", "env"], ["cp", "open:/etc/hosts", "-"], ["top", "open", "-e"],
            ["export", "open"], ["attach", "open"], ["history", "busybox"], ["save", "busybox"], ["stop", "open"],
            ["run", "busybox"], ["commit", "open"],
        ] {
            let refused = try await cluster.docker("viewer", words)
            // For some commands the CLI shows only the status.
            let isTold = refused.errors.contains("may not") || refused.errors.contains("403")
            #expect(refused.status != 0 && isTold, "\(words): \(refused)")
        }
    }

    private func operators(_ cluster: RoleCluster) async throws {
        let strong = try await cluster.docker(
            "admin",
            "run",
            "-d",
            "--name",
            "strong",
            "-v",
            "/:/host:ro",
            "busybox",
            "sleep",
            "600"
        )
        try #require(strong.status == 0, "\(strong)")
        let plain = try await cluster.docker(
            "operator",
            "run",
            "--rm",
            "-v",
            "data:/data",
            "--tmpfs",
            "/t",
            "busybox",
            "echo",
            "works"
        )
        #expect(plain.status == 0 && plain.line == "works", "\(plain)")
        #expect(try await cluster.docker("operator", "exec", "open", "true").status == 0)
        for words in [
            ["run", "--privileged", "busybox"], ["run", "-v", "/:/x", "busybox"], ["run", "--net", "host", "busybox"],
            ["run", "-v", "/var/run/docker.sock:/s", "busybox"], ["run", "--pid", "host", "busybox"],
            ["run", "--ipc", "host", "busybox"], ["run", "--uts", "host", "busybox"],
            ["run", "--cap-add", "NET_ADMIN", "busybox"], ["run", "--device", "/dev/null", "busybox"],
            ["run", "--security-opt", "seccomp=unconfined", "busybox"], ["run", "--volumes-from", "strong", "busybox"],
            ["run", "--mount", "type=bind,source=/etc,target=/x", "busybox"],
            ["run", "--pid", "container:strong", "busybox"], ["exec", "strong", "ls"], ["cp", "strong:/host/etc", "-"],
            ["export", "strong"], ["exec", "--privileged", "open", "true"],
            ["volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/etc"],
            [
                "run", "--mount", "type=volume,target=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/etc",
                "busybox",
            ],
            ["plugin", "disable", "any"],
        ] {
            let refused = try await cluster.docker("operator", words)
            #expect(refused.status != 0 && refused.errors.contains("may not"), "\(words): \(refused)")
        }
    }

    // MARK: The audit log

    private func audit(_ cluster: RoleCluster) async throws {
        _ = try await cluster.docker("viewer", "kill", "open")
        let first = try await line(of: cluster, "\"/containers/open/kill\"")
        #expect(first.contains("\"user\":\"viewer\"") && first.contains("\"result\":\"refused\""), "\(first)")
        #expect(first.contains("\"role\":\"viewer\"") && first.contains("\"status\":403"), "\(first)")

        try FileManager.default.moveItem(atPath: cluster.auditLog, toPath: cluster.auditLog + ".1")
        let killed = try await cluster.docker("operator", "kill", "open")
        #expect(killed.status == 0, "\(killed)")
        let second = try await line(of: cluster, "\"/containers/open/kill\"")
        #expect(second.contains("\"user\":\"operator\"") && second.contains("\"result\":\"done\""), "\(second)")
        #expect(second.contains("\"nodes\":[\""), "\(second)")
        let old = try String(contentsOfFile: cluster.auditLog + ".1", encoding: .utf8)
        #expect(!old.contains("TOKEN=abc"), "an environment is in the audit log")
    }

    /// The first line of the audit log that has `text`.
    private func line(of cluster: RoleCluster, _ text: String) async throws -> String {
        for _ in 0..<600 {
            let lines = (try? String(contentsOfFile: cluster.auditLog, encoding: .utf8)) ?? ""
            if let line = lines.split(separator: "\n").first(where: { $0.contains(text) }) {
                return String(line)
            }
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        return ""
    }
}

extension String {
    /// At least `width` characters, filled up with spaces.
    fileprivate func padding(_ width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
