// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Two namespaces on the same engines: neither sees, names, uses or counts what is the other's.
@Suite("Namespaces", .serialized)
struct NamespaceIntegrationTests {
    /// What the namespace red has, for blue to look for.
    private struct Targets {
        let id: String
        let node: String
        let exec: String
    }

    @Test("a namespace is closed, whichever way round one tries; and its members work in it")
    func closed() async throws {
        try await RoleCluster.with { cluster in
            let red = try await prepare(cluster)
            try await work(cluster)
            try await ways(cluster, red)
            try await raw(cluster, red)
            try await lists(cluster, red)
            try await images(cluster)
            try await prune(cluster, red)
            let state = try await cluster.docker("red", "inspect", "-f", "{{.State.Running}} {{.Name}}", red.id)
            #expect(state.line == "true /rdb", "\(state)")
        }
    }

    /// Makes the same kinds of objects for red and for blue.
    private func prepare(_ cluster: RoleCluster) async throws -> Targets {
        for (user, letter) in [("red", "r"), ("blue", "b")] {
            for words in [
                ["network", "create", "\(letter)net"], ["volume", "create", "\(letter)vol"],
            ] {
                let made = try await cluster.docker(user, words)
                try #require(made.status == 0, "\(words): \(made)")
            }
        }
        let id = try await cluster.docker("red", "run", "-d", "--name", "rdb", "busybox", "sleep", "900")
        try #require(id.status == 0, "\(id)")
        let node = try await cluster.docker("red", "inspect", "-f", "{{.Node.Name}}", "rdb")
        let stopped = try await cluster.docker("red", "create", "--name", "rstopped", "busybox", "true")
        try #require(node.status == 0 && stopped.status == 0, "\(node) \(stopped)")
        let exec = try await run(
            "curl",
            cluster.credentials("red") + [
                "-s", "-X", "POST", "-H", "Content-Type: application/json", "-d", #"{"Cmd":["sleep","1"]}"#,
                "https://127.0.0.1:\(RoleCluster.port)/v1.41/containers/rdb/exec",
            ]
        )
        let execID = exec.output.split(separator: "\"").first { $0.count == 64 }.map { String($0) }
        return Targets(id: id.line, node: node.line, exec: try #require(execID, "\(exec)"))
    }

    /// What a member of a namespace does all day.
    private func work(_ cluster: RoleCluster) async throws {
        for words in [
            ["run", "-d", "--name", "bweb", "--network", "bnet", "-v", "bnew:/data", "busybox", "sleep", "900"],
            ["exec", "bweb", "sh", "-c", "echo hello >/data/file"], ["logs", "bweb"], ["top", "bweb"],
            ["run", "--rm", "--volumes-from", "bweb", "busybox", "grep", "hello", "/data/file"],
            ["run", "--rm", "--network", "container:bweb", "busybox", "true"], ["cp", "bweb:/etc/hosts", "-"],
            ["run", "--rm", "-v", "bvol:/data:ro", "busybox", "ls", "/data"],
            [
                "run", "--rm", "--mount", "type=volume,source=bnew,target=/data", "busybox", "grep", "hello",
                "/data/file",
            ],
            ["rename", "bweb", "bwww"], ["rename", "bwww", "bweb"], ["update", "--cpu-shares", "512", "bweb"],
            ["network", "inspect", "bnet"], ["volume", "inspect", "bvol"], ["commit", "bweb", "blue/web"],
            ["run", "--rm", "blue/web", "true"], ["stats", "--no-stream", "bweb"], ["stop", "-t", "0", "bweb"],
            ["start", "bweb"], ["pull", "127.0.0.1:1/nothing"],
        ] {
            let done = try await cluster.docker("blue", words)
            // Nobody serves images here; what counts is that it was tried.
            let isExpected = words[0] == "pull" ? !done.errors.contains("may not") : done.status == 0
            #expect(isExpected, "\(words): \(done)")
        }
        let made = try await cluster.docker("admin", "inspect", "bweb", "-f", "{{json .Config.Labels}}")
        #expect(made.output.contains(#""com.docker.swarm.namespace":"blue""#), "\(made)")
        let forged = try await cluster.docker(
            "blue",
            "run",
            "-d",
            "--name",
            "bforged",
            "--label",
            "com.docker.swarm.namespace=red",
            "busybox",
            "true"
        )
        let label = try await cluster.docker("admin", "inspect", "bforged", "-f", "{{json .Config.Labels}}")
        #expect(forged.status == 0 && label.output.contains(#"namespace":"blue""#), "\(forged) \(label)")
    }

    // MARK: Ways round

    private func ways(_ cluster: RoleCluster, _ red: Targets) async throws {
        var attempts: [[String]] = []
        for name in ["rdb", "\(red.node)/rdb", red.id, String(red.id.prefix(12)), String(red.id.prefix(5))] {
            attempts += [["inspect", name], ["logs", name], ["exec", name, "true"]]
        }
        attempts += [
            ["top", "rdb"], ["stats", "--no-stream", "rdb"], ["cp", "rdb:/etc/hosts", "-"], ["export", "rdb"],
            ["diff", "rdb"], ["wait", "rdb"], ["attach", "rdb"], ["stop", "rdb"], ["kill", "rdb"], ["restart", "rdb"],
            ["pause", "rdb"], ["unpause", "rdb"], ["start", "rdb"], ["rename", "rdb", "mine"], ["port", "rdb"],
            ["update", "--cpu-shares", "2", "rdb"], ["rm", "rdb"], ["commit", "rdb", "blue/stolen"],
            ["create", "--link", "rdb", "busybox"], ["create", "--link", "\(red.node)/rdb:x", "busybox"],
            ["create", "--volumes-from", "rdb", "busybox"], ["create", "--network", "container:rdb", "busybox"],
            ["create", "--pid", "container:rdb", "busybox"], ["create", "--ipc", "container:rdb", "busybox"],
            ["create", "--network", "rnet", "busybox"], ["create", "-v", "rvol:/x", "busybox"],
            ["create", "--mount", "type=volume,source=rvol,target=/x", "busybox"],
            ["create", "-e", "affinity:container==rdb", "busybox"],
            ["create", "-e", "affinity:container!=r*", "busybox"],
            ["create", "-e", "affinity:com.docker.swarm.namespace==red", "busybox"],
            ["create", "--label", "com.docker.swarm.rescheduled-from=\(red.id)", "busybox"],
            ["create", "--name", "rdb", "busybox"], ["rename", "bweb", "rdb"],
            ["network", "inspect", "rnet"], ["network", "rm", "rnet"], ["network", "connect", "rnet", "bweb"],
            ["network", "connect", "bnet", "rdb"], ["network", "disconnect", "-f", "rnet", "rdb"],
            ["network", "inspect", "bridge"], ["network", "create", "-d", "macvlan", "x"],
            ["network", "create", "-o", "com.docker.network.bridge.name=docker0", "x"],
            ["volume", "inspect", "rvol"], ["volume", "rm", "rvol"], ["volume", "create", "rvol"],
            ["ps", "-a", "--filter", "before=rdb"], ["ps", "-a", "--filter", "since=\(red.id)"],
            ["import", "-", "blue/x"], ["load", "-i", Testbed.busybox], ["rmi", "busybox"],
            ["tag", "busybox", "blue/x"],
            ["tag", "blue/web", "busybox"], ["commit", "bweb", "busybox"], ["builder", "prune", "-f"],
            ["run", "--privileged", "busybox"], ["run", "-v", "/:/x", "busybox"], ["plugin", "ls"],
        ]
        for words in attempts {
            let refused = try await cluster.docker("blue", words, input: Data())
            let isTold = words.contains { $0.contains(red.id) } || !refused.description.contains(red.id)
            #expect(refused.status != 0 && isTold, "\(words): \(refused)")
        }
        let context = cluster.folder + "/context"
        try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
        try "FROM busybox\n".write(toFile: context + "/Dockerfile", atomically: true, encoding: .utf8)
        let built = try await cluster.docker("blue", "build", context)
        #expect(built.status != 0 && built.errors.contains("may not"), "\(built)")
    }

    /// Calls that the CLI does not make.
    private func raw(_ cluster: RoleCluster, _ red: Targets) async throws {
        for (method, path, body) in [
            ("GET", "/v1.41/exec/\(red.exec)/json", ""), ("POST", "/v1.41/exec/\(red.exec)/start", "{}"),
            ("POST", "/v1.41/exec/\(red.exec)/resize?h=1&w=1", ""), ("GET", "/v1.41/containers/rdb/attach/ws", ""),
            ("HEAD", "/v1.41/containers/rdb/archive?path=/", ""), ("POST", "/v1.41/containers/rdb/copy", "{}"),
            ("POST", "/v1.41/containers/rdb/resize?h=1&w=1", ""), ("POST", "/v1.41/containers/%2Frdb/wait", ""),
            ("DELETE", "/v1.41/containers/rdb/checkpoints/x", ""),
            ("POST", "/v1.41/containers/create", #"{"Image":"busybox","VolumesFrom":["rdb"]}"#),
            ("POST", "/v1.41/containers/create", #"{"Image":"busybox","HostConfig":{},"hostConfig":{}}"#),
            (
                "POST", "/v1.41/containers/create",
                #"{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"rnet":{}}}}"#
            ),
            (
                "POST", "/v1.41/containers/create",
                #"{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"bnet":{"Links":["rdb:x"]}}}}"#
            ),
            ("POST", "/v1.41/session", ""), ("POST", "/v1.41/grpc", ""), ("POST", "/v1.41/build/cancel?id=x", ""),
            ("GET", "/metrics", ""), ("POST", "/cluster/nodes/\(red.node)/drain", ""), ("GET", "/v1.41/other", ""),
        ] {
            let status = try await cluster.status(
                "blue",
                method,
                path,
                headers: ["Content-Type: application/json"],
                body: body
            )
            #expect(["400", "403", "404", "409"].contains(status), "\(method) \(path) \(body): \(status)")
        }
        let own = try await cluster.status("red", "GET", "/v1.41/exec/\(red.exec)/json")
        #expect(own == "200")
    }

    // MARK: Lists and sums

    private func lists(_ cluster: RoleCluster, _ red: Targets) async throws {
        for words in [
            ["ps", "-a", "--no-trunc"], ["ps", "-a", "--filter", "name=rdb", "--no-trunc"],
            ["ps", "-a", "--filter", "id=\(red.id.prefix(12))", "-q"], ["ps", "-a", "--filter", "volume=rvol", "-q"],
            ["ps", "-a", "--filter", "network=rnet", "-q"],
            ["ps", "-a", "--filter", "label=com.docker.swarm.namespace=red", "-q"],
            ["ps", "-as", "--no-trunc"], ["network", "ls", "--no-trunc"], ["volume", "ls"], ["system", "df", "-v"],
            ["network", "inspect", "bnet"],
            ["events", "--since", "1", "--until", "\(Int(Date().timeIntervalSince1970) + 1)"],
            [
                "events", "--since", "1", "--until", "\(Int(Date().timeIntervalSince1970) + 1)", "--filter",
                "container=\(red.id)",
            ],
        ] {
            let listed = try await cluster.docker("blue", words)
            #expect(listed.status == 0, "\(words): \(listed)")
            for secret in [red.id, "rdb", "rvol", "rnet", "rstopped"] {
                #expect(!listed.output.contains(secret), "\(words) shows \(secret): \(listed)")
            }
        }
        let events = try await cluster.docker(
            "blue",
            "events",
            "--since",
            "1",
            "--until",
            "\(Int(Date().timeIntervalSince1970) + 1)"
        )
        #expect(events.output.contains("bweb"), "\(events)")
        #expect(try await cluster.docker("blue", "network", "ls", "-q").line.split(separator: "\n").count == 1)
        let volumes = try await cluster.docker("blue", "volume", "ls", "-q")
        #expect(volumes.output.contains("bvol") && volumes.output.contains("bnew"), "\(volumes)")
        let info = try await cluster.docker("blue", "info", "--format", "{{.Containers}} {{json .SystemStatus}}")
        #expect(info.line.hasPrefix("2 "), "bweb and bforged: \(info)")
        let all = try await cluster.docker("admin", "info", "--format", "{{.Containers}}")
        #expect(all.line == "4", "\(all)")
    }

    // MARK: Images

    private func images(_ cluster: RoleCluster) async throws {
        let committed = try await cluster.docker("red", "commit", "rdb", "red/secret")
        try #require(committed.status == 0, "\(committed)")
        for words in [
            ["run", "--rm", "red/secret", "true"], ["image", "inspect", "red/secret"], ["history", "red/secret"],
            ["save", "red/secret"], ["rmi", "red/secret"], ["tag", "red/secret", "blue/x"], ["push", "red/secret"],
            ["run", "--rm", committed.line, "true"], ["save", "busybox", "red/secret"],
            ["create", "-e", "affinity:image==red/secret", "busybox"],
        ] {
            let refused = try await cluster.docker("blue", words)
            #expect(refused.status != 0, "\(words): \(refused)")
        }
        let listed = try await cluster.docker("blue", "images")
        #expect(listed.output.contains("busybox") && listed.output.contains("blue/web"), "\(listed)")
        #expect(!listed.output.contains("red/"), "\(listed)")
        // Whoever runs a namespace's image keeps the container to himself.
        let run = try await cluster.docker("admin", "run", "-d", "--name", "mine", "blue/web", "sleep", "900")
        #expect(run.status == 0, "\(run)")
        #expect(try await cluster.docker("blue", "exec", "mine", "true").status != 0)
        #expect(try await cluster.docker("admin", "rm", "-f", "mine").status == 0)
        #expect(try await cluster.docker("blue", "rmi", "blue/web").status == 0)
    }

    // MARK: Prune

    private func prune(_ cluster: RoleCluster, _ red: Targets) async throws {
        for words in [
            ["rm", "-f", "bweb"], ["container", "prune", "-f"], ["network", "prune", "-f"],
            ["volume", "prune", "-f", "--filter", "label!=x"], ["image", "prune", "-af"],
        ] {
            let done = try await cluster.docker("blue", words)
            #expect(done.status == 0, "\(words): \(done)")
        }
        #expect(try await cluster.docker("blue", "ps", "-aq").line.isEmpty)
        #expect(try await cluster.docker("blue", "network", "ls", "-q").line.isEmpty)
        for words in [
            ["inspect", "rstopped"], ["network", "inspect", "rnet"], ["volume", "inspect", "rvol"],
            ["image", "inspect", "red/secret"], ["image", "inspect", "busybox"],
        ] {
            let kept = try await cluster.docker("red", words)
            #expect(kept.status == 0, "\(words): \(kept)")
        }
    }
}
