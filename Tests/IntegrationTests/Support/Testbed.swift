// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The machine that the tests run on, as `Scripts/integration.sh` describes it.
///
/// Nothing is skipped: a test without its testbed fails.
enum Testbed {
    /// The folder of the checkout.
    static let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path
    static let swarmctl = setting("SWARMCTL_TEST_SWARMCTL") ?? checkout + "/.build/debug/swarmctl"
    /// The static one, unless another is named.
    static let swarmd = setting("SWARMCTL_TEST_SWARMD") ?? checkout + "/.build/swarmd"
    /// A tar for `docker load` with the image `busybox:latest`.
    static let busybox = setting("SWARMCTL_TEST_BUSYBOX") ?? checkout + "/.build/integration/busybox.tar"
    /// The engine on which hosts run as containers.
    static let engine =
        setting("SWARMCTL_TEST_ENGINE")
        ?? "unix://\(setting("SWARMCTL_TESTBED") ?? "/var/tmp/swarmctl-testbed")/engines/default/sock"

    private static func setting(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    /// Starts an engine, or finds it running; its `HOST:PORT`.
    ///
    /// It has the image busybox, unless it speaks TLS with what is in the folder `certificates`.
    static func startEngine(
        _ name: String,
        port: Int,
        suite: String? = nil,
        certificates: String? = nil
    ) async throws -> String {
        // The engine goes on after the script, and must not hold open what it would inherit from here.
        let detach = #"for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -le 2 ] || eval "exec $n>&-"; done"#
        let started = try await run(
            "bash",
            ["-c", detach + #"; exec "$0" start "$@" >/dev/null 2>&1"#, engineScript, name, "--tcp", "\(port)"]
                + (suite.map { ["--suite", $0] } ?? []) + (certificates.map { ["--tls", $0] } ?? [])
        )
        try #require(started.status == 0, "\(started)")
        guard certificates == nil else {
            return "127.0.0.1:\(port)"
        }
        let loaded = try await run("docker", ["-H", "tcp://127.0.0.1:\(port)", "load", "-i", busybox])
        try #require(loaded.status == 0, "\(loaded)")
        return "127.0.0.1:\(port)"
    }

    /// Sends a signal to an engine that runs.
    static func signalEngine(_ name: String, _ signal: Int32) throws {
        let folder = setting("SWARMCTL_TESTBED") ?? "/var/tmp/swarmctl-testbed"
        let text = try String(contentsOfFile: "\(folder)/engines/\(name)/pid", encoding: .utf8)
        let process = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(process, signal) == 0)
    }

    static func stopEngine(_ name: String) async throws {
        _ = try await run(engineScript, ["stop", name])
    }

    private static let engineScript = checkout + "/Scripts/testbed/engine.sh"

    /// Starts a host with systemd and sshd that takes `publicKey`, and returns its address.
    static func startHost(_ name: String, key publicKey: String, image: String = "swarmctl/node:docker") async throws
        -> String
    {
        let result = try await run(
            checkout + "/Scripts/testbed/node.sh",
            ["run", name, "--key", publicKey, "--image", image]
        )
        try #require(result.status == 0, "\(result)")
        return result.line
    }

    /// The docker CLI of a Debian suite; `nil` for this machine's own.
    static func docker(suite: String?) async throws -> String {
        guard let suite else {
            return "/usr/bin/docker"
        }
        let result = try await run(checkout + "/Scripts/testbed/suite.sh", ["root", suite])
        try #require(result.status == 0, "\(result)")
        return result.line + "/usr/bin/docker"
    }

    static func removeHosts(_ names: [String]) async throws {
        _ = try await run(checkout + "/Scripts/testbed/node.sh", ["rm"] + names)
    }

    /// The containers that are the hosts of a cluster made by the `local` driver, by machine.
    static func hosts(of cluster: String) async throws -> [String: String] {
        let listed = try await run(
            "docker",
            [
                "-H", engine, "ps", "-a", "--filter", "label=swarmctl-cluster=\(cluster)", "--format",
                "{{.Label \"swarmctl-machine\"}} {{.ID}}",
            ]
        )
        let pairs = listed.output.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 2 }
        // Two containers for one machine would show as one of them missing from the count.
        try #require(Set(pairs.map { $0[0] }).count == pairs.count, "\(listed)")
        return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
    }

    /// Runs `script` with a shell in the host called `name`.
    static func inHost(_ name: String, _ script: String) async throws -> ProgramResult {
        try await run("docker", ["-H", engine, "exec", "-i", name, "sh", "-s"], input: Data(script.utf8))
    }
}

/// A store of its own and the clusters in it, for one test.
struct Sandbox: Sendable {
    let folder: String
    var store: String { folder + "/store" }
    /// A key that hosts to adopt are given.
    var key: String { folder + "/id_ed25519" }

    /// Runs `body` with a new sandbox; removes the named clusters and machines, and the folder, afterwards.
    static func with(clusters: [String] = [], _ body: (Sandbox) async throws -> Void) async throws {
        let sandbox = Sandbox(folder: NSTemporaryDirectory() + "swarmctl-it-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(atPath: sandbox.folder, withIntermediateDirectories: true)
        _ = try await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", sandbox.key])
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(sandbox))
        } catch {
            result = .failure(error)
        }
        for cluster in clusters {
            _ = try await sandbox.swarmctl(["rm", cluster, "-y", "--force"])
        }
        try FileManager.default.removeItem(atPath: sandbox.folder)
        try result.get()
    }

    /// Only what a test gives: no agent, no keys or settings of the user who runs it.
    var environment: [String: String] {
        [
            "HOME": folder, "SWARMCTL_STORE": store, "SSH_AUTH_SOCK": "", "DOCKER_HOST": "", "DOCKER_CONTEXT": "",
            "SWARMCTL_LOCAL_DOCKER_HOST": Testbed.engine, "NO_COLOR": "1",
        ]
    }

    func swarmctl(_ arguments: [String], timeout: Duration = .seconds(600)) async throws -> ProgramResult {
        try await run(Testbed.swarmctl, arguments, environment: environment, timeout: timeout)
    }

    func start(_ arguments: [String]) throws -> RunningCommand {
        try RunningCommand(Testbed.swarmctl, arguments, environment: environment)
    }

    /// Runs the docker CLI against the cluster.
    func docker(
        _ cluster: String,
        _ arguments: [String],
        input: Data? = nil,
        timeout: Duration = .seconds(120)
    ) async throws -> ProgramResult {
        try await run(
            "docker",
            arguments,
            environment: try await dockerEnvironment(cluster),
            input: input,
            timeout: timeout
        )
    }

    /// What `swarmctl env` sets.
    func dockerEnvironment(_ cluster: String) async throws -> [String: String] {
        let lines = try await swarmctl(["env", cluster, "--shell", "bash"]).output.split(separator: "\n")
        var values = environment
        for line in lines where line.hasPrefix("export ") {
            let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts.count > 1 ? parts[1].trimmingCharacters(in: ["\""]) : ""
        }
        return values
    }

    /// A file of the store, as text.
    func read(_ path: String) throws -> String {
        try String(contentsOfFile: store + "/" + path, encoding: .utf8)
    }
}
