// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Synchronization
import Testing

/// Engines of the testbed that a test kills, freezes and cuts off, and a manager that it may kill too.
final class LifeBench: Sendable {
    static let script = Testbed.checkout + "/Scripts/testbed/engine.sh"
    private static let state = ProcessInfo.processInfo.environment["SWARMCTL_TESTBED"] ?? "/var/tmp/swarmctl-testbed"
    /// The engine goes on after the script, and must not hold open what it would inherit from here.
    private static let detach =
        #"for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -le 2 ] || eval "exec $n>&-"; done; "#

    let names: [String]
    let ports: [Int]
    /// What the manager is told besides.
    let arguments: [String]
    /// The addresses that the manager knows the engines by.
    let members: [String]
    let folder: String
    let manager = "tcp://127.0.0.1:24880"
    private let managing = Mutex<RunningCommand?>(nil)
    private let proxies = Mutex<[RunningCommand]>([])

    private init(count: Int, arguments: [String], proxied: Set<Int>, folder: String) {
        names = (1...count).map { "life-\($0)" }
        ports = (1...count).map { 24_870 + $0 }
        self.arguments = arguments
        members = (0..<count).map { "127.0.0.1:\(proxied.contains($0) ? 24_891 + $0 : 24_871 + $0)" }
        self.folder = folder
    }

    /// Runs `body` with `count` engines, each with the image busybox, and a manager over them.
    ///
    /// All of it is stopped afterwards. Those whose index is in `proxied` are reached through a proxy that
    /// can make them look faulty.
    static func with(
        _ count: Int,
        arguments: [String] = [],
        proxied: Set<Int> = [],
        _ body: (LifeBench) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "swarmctl-life-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let bench = LifeBench(count: count, arguments: arguments, proxied: proxied, folder: folder)
        let result: Result<Void, any Error>
        do {
            for index in 0..<count {
                try await bench.start(index)
                let loaded = try await bench.engine(index, "load", "-i", Testbed.busybox)
                try #require(loaded.status == 0, "\(loaded)")
            }
            for index in proxied {
                try await bench.startProxy(index)
            }
            try bench.setMembers(bench.members)
            try await bench.startManager()
            try await bench.waitUntilHealthy(bench.members.count)
            result = .success(try await body(bench))
        } catch {
            result = .failure(error)
        }
        await bench.stopManager(SIGTERM)
        for proxy in bench.proxies.withLock({ $0 }) {
            proxy.kill()
            _ = await proxy.wait(timeout: .seconds(20))
        }
        for index in 0..<count {
            try await bench.sh("iptables -D INPUT -p tcp --dport \(bench.ports[index]) -j DROP 2>/dev/null; true")
            _ = try await run(script, ["stop", bench.names[index]])
        }
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    // MARK: Engines

    /// Starts an engine, on its port or another one.
    func start(_ index: Int, port: Int? = nil) async throws {
        let started = try await run(
            "bash",
            [
                "-c", Self.detach + #"exec "$0" start "$1" --tcp "$2" >/dev/null 2>&1"#, Self.script, names[index],
                "\(port ?? ports[index])",
            ]
        )
        try #require(started.status == 0, "\(started)")
    }

    /// Ends an engine and its containers as a power cut does.
    func kill(_ index: Int) async throws {
        let killed = try await run(Self.script, ["kill", names[index]])
        try #require(killed.status == 0, "\(killed)")
    }

    /// Sends a signal to an engine's process.
    func signal(_ index: Int, _ signal: Int32) throws {
        let text = try String(contentsOfFile: "\(Self.state)/engines/\(names[index])/pid", encoding: .utf8)
        let process = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        Foundation.kill(process, signal)
    }

    /// Runs the docker CLI against one engine.
    func engine(_ index: Int, _ arguments: String...) async throws -> ProgramResult {
        try await run("docker", ["-H", "tcp://127.0.0.1:\(ports[index])"] + arguments, timeout: .seconds(120))
    }

    @discardableResult
    func sh(_ script: String) async throws -> ProgramResult {
        try await run("bash", ["-c", script])
    }

    // MARK: Proxies

    private func startProxy(_ index: Int) async throws {
        try setMode(index, "pass")
        let proxy = try RunningCommand(
            "python3",
            [
                Testbed.checkout + "/Scripts/testbed/fault-proxy.py", "\(24_891 + index)", "\(ports[index])",
                "\(folder)/mode-\(index)",
            ]
        )
        proxies.withLock { $0.append(proxy) }
        var lines = proxy.errorLines.makeAsyncIterator()
        try #require(await lines.next() == "ready")
    }

    /// What the engine looks like from now on; see fault-proxy.py.
    func setMode(_ index: Int, _ mode: String) throws {
        try mode.write(toFile: "\(folder)/mode-\(index)", atomically: true, encoding: .utf8)
    }

    // MARK: The manager

    /// Replaces what discovery says.
    func setMembers(_ members: [String]) throws {
        let text = members.joined(separator: "\n") + "\n"
        try text.write(toFile: folder + "/members", atomically: true, encoding: .utf8)
    }

    func startManager() async throws {
        let words =
            ["manage", "-H", manager, "--state-dir", folder + "/state"] + arguments
            + ["file://\(folder)/members"]
        let command = try RunningCommand(Testbed.swarmctl, words)
        managing.withLock { $0 = command }
        // It is ready when it answers.
        try await wait("the manager answers") { try await self.docker("version").status == 0 }
    }

    func stopManager(_ signal: Int32) async {
        let command = managing.withLock { command in
            defer { command = nil }
            return command
        }
        command?.kill(signal)
        _ = await command?.wait(timeout: .seconds(20))
    }

    /// Runs the docker CLI against the cluster.
    func docker(_ arguments: String...) async throws -> ProgramResult {
        try await run("docker", ["-H", manager] + arguments, timeout: .seconds(120))
    }

    /// Calls the manager's own API about the node of an engine.
    func post(_ index: Int, _ verb: String) async throws -> ProgramResult {
        let url = manager.replacing("tcp:", with: "http:") + "/cluster/nodes/127.0.0.1%3A\(ports[index])/\(verb)"
        return try await run("curl", ["-sS", "--fail-with-body", "-X", "POST", url])
    }

    /// What `info` says of the nodes, by address.
    func nodes() async throws -> [String: [String: String]] {
        let url = manager.replacing("tcp:", with: "http:") + "/info"
        let text = try await run("curl", ["-sS", url], timeout: .seconds(30)).output
        let rows = try JSONDecoder().decode(Info.self, from: Data(text.utf8)).SystemStatus
        var nodes: [String: [String: String]] = [:]
        var address = ""
        for row in rows where row.count == 2 {
            if row[0].contains("└") {
                let key = row[0].drop { " └".contains($0) }
                nodes[address]?[String(key)] = row[1]
            } else if row[0].hasPrefix(" ") {
                address = row[1]
                nodes[address] = ["Name": String(row[0].dropFirst())]
            }
        }
        return nodes
    }

    private struct Info: Decodable {
        let SystemStatus: [[String]]
    }

    func node(_ index: Int) async throws -> [String: String] {
        try await nodes()[members[index]] ?? [:]
    }

    func waitUntilHealthy(_ count: Int) async throws {
        try await wait("\(count) nodes are healthy") {
            try await self.nodes().values.count { $0["Status"] == "Healthy" } == count
        }
    }

    /// Looks until `condition` holds, for at most two minutes, and returns how long that took.
    @discardableResult
    func wait(_ what: String, until condition: () async throws -> Bool) async throws -> Duration {
        let start = ContinuousClock.now
        while try await !condition() {
            guard ContinuousClock.now - start < .seconds(120) else {
                Issue.record("\(what): \((try? await nodes()) ?? [:]) \(try await docker("ps", "-a"))")
                throw CancellationError()
            }
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        return ContinuousClock.now - start
    }
}
