// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// Three engines of the testbed and a manager over them, without TLS, for one test.
struct ManagedEngines: Sendable {
    private static let names = ["gateway-1", "gateway-2", "gateway-3"]

    /// The addresses of the engines, for the docker CLI.
    let engines: [String]
    /// The address of the manager.
    let manager: String
    let processID: Int32

    /// Runs `body` with the engines, each with the image busybox, and no containers.
    ///
    /// - Parameters:
    ///   - suites: the Debian suite of each engine; `nil` for this machine's own.
    ///   - body: ends before the engines do.
    /// - Throws: what starts engines throws, and what `body` throws.
    static func with(
        suites: [String?] = [nil, nil, nil],
        _ body: (ManagedEngines) async throws -> Void
    ) async throws {
        var addresses: [String] = []
        for (index, name) in names.enumerated() {
            addresses.append(try await Testbed.startEngine(name, port: 24_770 + index, suite: suites[index]))
        }
        let manager = "tcp://127.0.0.1:24780"
        let command = try RunningCommand(
            "sh",
            [
                "-c", "echo $$ >&2; exec \"$0\" manage -H \(manager) nodes://\(addresses.joined(separator: ","))",
                Testbed.swarmctl,
            ]
        )
        var lines = command.errorLines.makeAsyncIterator()
        let processID = try #require(await lines.next().flatMap { Int32($0) })
        let managed = ManagedEngines(
            engines: addresses.map { "tcp://\($0)" },
            manager: manager,
            processID: processID
        )
        let result: Result<Void, any Error>
        do {
            try await managed.waitUntilHealthy()
            result = .success(try await body(managed))
        } catch {
            result = .failure(error)
        }
        command.kill(SIGTERM)
        _ = await command.wait(timeout: .seconds(20))
        for name in names {
            try await Testbed.stopEngine(name)
        }
        try result.get()
    }

    /// Runs `body` with an engine that is in no cluster; it is given the address for the docker CLI.
    static func withEngine(_ name: String, port: Int, _ body: (String) async throws -> Void) async throws {
        let address = try await Testbed.startEngine(name, port: port)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body("tcp://\(address)"))
        } catch {
            result = .failure(error)
        }
        try await Testbed.stopEngine(name)
        try result.get()
    }

    /// Runs the docker CLI against the cluster.
    func docker(_ arguments: String..., input: Data? = nil) async throws -> ProgramResult {
        try await run("docker", ["-H", manager] + arguments, input: input, timeout: .seconds(120))
    }

    /// Open file descriptors of the manager.
    func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count
    }

    /// Memory of the manager that is in use, in KiB.
    func memory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }

    private func waitUntilHealthy() async throws {
        for _ in 0..<100 {
            let info = try await docker("info", "--format", "{{json .SystemStatus}}")
            if info.output.components(separatedBy: "\"Healthy\"").count == 4 {
                return
            }
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
        Issue.record("the engines did not become healthy")
    }
}
