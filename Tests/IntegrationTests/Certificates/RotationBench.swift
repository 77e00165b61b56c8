// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// A cluster of two hosts with ten containers, under load and with streams open, whose certificates are renewed.
struct RotationBench: Sendable {
    /// How many containers run; they are `c1`, `c2` and so on.
    static let containers = 10
    private static let stop = "/stop"

    let sandbox: Sandbox
    let cluster: String
    let environment: [String: String]
    /// The containers that are the hosts, by machine.
    let hosts: [String: String]

    /// What must be the same before and after.
    struct Lasting: Equatable {
        /// When each container started, its process, and how often it was restarted.
        var containers: [String]
        /// By machine: daemon.json, the processes of the engine and its front, when our containers started.
        var hosts: [String: String]
    }

    /// What must be another one afterwards: by machine, the digest of the node's certificate and of what it trusts.
    struct Changing: Equatable {
        var certificates: [String: String]
        var authorities: Set<String>
    }

    /// Runs `body` with a new cluster; removes it afterwards.
    static func with(_ body: @Sendable (RotationBench) async throws -> Void) async throws {
        let cluster = "rot-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with(clusters: [cluster]) { sandbox in
            let created = try await sandbox.swarmctl([
                "create", "cluster", cluster, "--nodes", "2", "--local-image", "swarmctl/node:docker", "-y",
            ])
            try #require(created.status == 0, "\(created)")
            let bench = RotationBench(
                sandbox: sandbox,
                cluster: cluster,
                environment: try await sandbox.dockerEnvironment(cluster),
                hosts: try await Testbed.hosts(of: cluster)
            )
            _ = try await bench.docker(["load", "-q", "-i", Testbed.busybox])
            // The last one writes a line twenty times a second, for `logs -f`.
            let script =
                "for n in $(seq 1 9); do docker run -d --name c$n busybox sleep 100000 || exit 1; done; "
                + "docker run -d --name c10 busybox sh -c '\(counting)'"
            let started = try await run("sh", ["-c", script], environment: bench.environment)
            try #require(started.status == 0, "\(started)")
            try await body(bench)
        }
    }

    /// Counts until it is told to stop.
    private static let counting = "i=0; while [ ! -e \(stop) ]; do i=$((i+1)); echo $i; sleep 0.05; done; echo end"

    @discardableResult
    func docker(_ words: [String]) async throws -> ProgramResult {
        let result = try await run("docker", words, environment: environment, timeout: .seconds(120))
        try #require(result.status == 0, "docker \(words): \(result)")
        return result
    }

    /// Runs `body` under load and with streams open; none of all that may fail or end early.
    func underLoad(_ body: @Sendable () async throws -> Void) async throws {
        let load = try RotationLoad(environment: environment)
        let before = try await lasting()
        let streams = [
            // Out only; in and out; a log.
            try start("docker exec c1 sh -c '\(Self.counting)'"),
            try start(
                "sh -c '\(Self.counting.replacing(Self.stop, with: sandbox.folder + Self.stop))' | docker exec -i c2 cat"
            ),
            try start("docker logs -f c10"),
        ]
        let result: Result<Void, any Error>
        do {
            result = .success(try await load.during(body))
        } catch {
            result = .failure(error)
        }
        let after = try await lasting()
        try await docker(["exec", "c1", "touch", Self.stop])
        try await docker(["exec", "c10", "touch", Self.stop])
        _ = try await run("touch", [sandbox.folder + Self.stop])
        for (number, stream) in streams.enumerated() {
            expectWhole(await stream.wait(timeout: .seconds(60)), "stream \(number)")
        }
        try result.get()
        #expect(load.failures.isEmpty, "\(load.failures.count) of \(load.requests): \(load.failures.prefix(5))")
        #expect(after == before)
        FileHandle.standardError.write(Data("\(load.requests) requests, \(load.failures.count) failed\n".utf8))
    }

    private func start(_ script: String) throws -> RunningCommand {
        try RunningCommand("sh", ["-c", "set -e; " + script], environment: environment)
    }

    /// A stream that ended as it should, with every line that was written.
    private func expectWhole(_ end: ProgramResult, _ name: String) {
        let lines = end.output.split(separator: "\n").map(String.init)
        #expect(end.status == 0, "\(name): status \(end.status): \(end.errors)")
        #expect(lines.count > 1 && lines.last == "end", "\(name) ended with \(lines.suffix(2))")
        #expect(lines.dropLast() == (1..<max(lines.count, 1)).map(String.init)[...], "\(name) has gaps")
    }

    func lasting() async throws -> Lasting {
        let format = "{{.Name}} {{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}}"
        let names = (1...Self.containers).map { "c\($0)" }
        let inspected = try await docker(["inspect", "--format", format] + names)
        var lasting = Lasting(containers: inspected.output.split(separator: "\n").map(String.init), hosts: [:])
        let script = """
            cat /etc/docker/daemon.json
            systemctl show -p MainPID docker.service swarmctl-front.service
            docker inspect --format '{{.Name}} {{.State.StartedAt}}' $(docker ps -aq --filter name=swarm-agent)
            """
        for (name, container) in hosts {
            lasting.hosts[name] = try await Testbed.inHost(container, script).output
        }
        return lasting
    }

    func changing() async throws -> Changing {
        var found = Changing(certificates: [:], authorities: [])
        for (name, container) in hosts {
            let digests = try await Testbed.inHost(
                container,
                "cd /etc/docker && sha256sum <server.pem && sha256sum <ca.pem"
            )
            let lines = digests.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 2, "\(digests)")
            found.certificates[name] = lines[0]
            found.authorities.insert(lines[1])
        }
        return found
    }

    /// Renews to the end.
    func rotate(_ words: [String]) async throws {
        let result = try await sandbox.swarmctl(["rotate", "certs", cluster] + words)
        #expect(result.status == 0, "\(result)")
        #expect(!FileManager.default.fileExists(atPath: rotationPath))
    }

    /// Renews, and sends SIGKILL at a point; then again, to the end.
    ///
    /// - Returns: whether it was killed before its end.
    func rotate(_ words: [String], killedAt point: RotationPoint) async throws -> Bool {
        let first = try sandbox.start(["rotate", "certs", cluster] + words)
        await point.wait(for: first, rotation: rotationPath)
        first.kill()
        let end = await first.wait()
        #expect(end.status == 137 || end.status == 0, "\(point): \(end)")
        try await rotate(words)
        try await expectOneAuthority()
        return end.status == 137
    }

    /// All hosts trust what the operator does, one authority, and it has signed what they show.
    func expectOneAuthority() async throws {
        let own = try sandbox.read("clusters/\(cluster)/pki/ca.pem")
        #expect(own.components(separatedBy: "BEGIN CERTIFICATE").count == 2)
        for (name, container) in hosts {
            let script = "cd /etc/docker && openssl verify -x509_strict -CAfile ca.pem server.pem && cat ca.pem"
            let found = try await Testbed.inHost(container, script)
            #expect(found.output.hasPrefix("server.pem: OK"), "\(name): \(found)")
            #expect(found.output.hasSuffix(own), "\(name) trusts another authority")
        }
    }

    private var rotationPath: String { "\(sandbox.store)/clusters/\(cluster)/rotation.json" }
}

/// Where in a rotation the program is killed.
enum RotationPoint: Sendable, CustomStringConvertible {
    /// So long after the phase was noted on disk, in milliseconds.
    case noted(String, after: Int)
    /// When a line with this text tells of a host's step in a phase.
    case line(String, in: String)

    var description: String {
        switch self {
        case .noted(let phase, let delay): "\(delay) ms after \"\(phase)\" was noted"
        case .line(let text, let phase): "at \"\(text)\" in \"\(phase)\""
        }
    }

    /// Returns at that point, or when the program has ended before.
    func wait(for command: RunningCommand, rotation path: String) async {
        switch self {
        case .noted(let phase, let delay):
            for _ in 0..<60_000 where !Self.isNoted(phase, path) {
                try? await Task.sleep(for: .milliseconds(1))
            }
            try? await Task.sleep(for: .milliseconds(delay))
        case .line(let text, let phase):
            for await line in command.errorLines where line.hasSuffix(text) || line.contains("\(text) (") {
                if Self.isNoted(phase, path) {
                    return
                }
            }
        }
    }

    private static func isNoted(_ phase: String, _ path: String) -> Bool {
        (try? String(contentsOfFile: path, encoding: .utf8))?.contains("\"\(phase)\"") == true
    }
}
