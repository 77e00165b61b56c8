// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import NIOHTTP1
import SwarmCore
import Synchronization

/// About a hundred requests a second to a manager, over connections that last and over new ones; none may fail.
final class RotationLoad: Sendable {
    /// How many clients ask at once, and how often each.
    private static let clients = 6
    private static let pause = Duration.milliseconds(60)
    /// The longest wait for an answer; a machine that stalls is no failed request.
    private static let patience = Duration.seconds(60)

    private struct State {
        var isOver = false
        var requests = 0
        var failures: [String] = []
    }

    private let address: EngineAddress
    private let tls: TLSContexts
    private let environment: [String: String]
    private let state = Mutex(State())

    /// - Parameter environment: what `swarmctl env` sets.
    /// - Throws: why its files cannot be used.
    init(environment: [String: String]) throws {
        let folder = environment["DOCKER_CERT_PATH"] ?? ""
        address = try EngineAddress(parsing: environment["DOCKER_HOST"] ?? "")
        tls = try TLSContexts(
            files: TLSFiles(
                authority: folder + "/ca.pem",
                certificate: folder + "/cert.pem",
                key: folder + "/key.pem"
            )
        )
        self.environment = environment
    }

    var requests: Int { state.withLock { $0.requests } }
    var failures: [String] { state.withLock { $0.failures } }

    /// Runs `body` under load.
    func during<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.clients {
                group.addTask { await self.ask(number) }
            }
            group.addTask { await self.make() }
            group.addTask { await self.runPrograms() }
            defer { state.withLock { $0.isOver = true } }
            return try await body()
        }
    }

    private func repeatedly(every pause: Duration, _ body: (Int) async -> Void) async {
        let clock = ContinuousClock()
        var next = clock.now
        var turn = 0
        while !state.withLock({ $0.isOver }) {
            await body(turn)
            turn += 1
            // What was missed is not made up for.
            next = max(clock.now, next + pause)
            try? await clock.sleep(until: next)
        }
    }

    /// Reads what the manager answers, what an engine answers, and what is asked of all engines.
    private func ask(_ number: Int) async {
        var limits = PoolLimits()
        // Every other client makes a connection for each request.
        limits.idle = number.isMultiple(of: 2) ? 16 : 0
        let client = HTTPClient(address: address, tls: tls, limits: limits)
        await repeatedly(every: Self.pause) { turn in
            let container = "c\(turn % RotationBench.containers + 1)"
            let paths = [
                "/_ping", "/containers/json?all=1", "/containers/\(container)/json", "/images/json",
                "/containers/\(container)/top", "/version",
            ]
            await call(.GET, paths[turn % paths.count], client)
        }
        client.shutdown()
    }

    /// Makes and removes a container: what must not be done twice.
    private func make() async {
        let client = HTTPClient(address: address, tls: tls)
        await repeatedly(every: .milliseconds(500)) { turn in
            let body = HTTPBody.bytes(Array(#"{"Image":"busybox","Cmd":["true"]}"#.utf8))
            await call(.POST, "/containers/create?name=made-\(turn)", body: body, client)
            await call(.DELETE, "/containers/made-\(turn)", client)
        }
        client.shutdown()
    }

    private func runPrograms() async {
        await repeatedly(every: .seconds(1)) { _ in
            do {
                let result = try await run("docker", ["ps", "-q"], environment: environment, timeout: Self.patience)
                note(result.status == 0 ? nil : "docker ps: \(result)")
            } catch {
                note("docker ps: \(error)")
            }
        }
    }

    private func call(_ method: HTTPMethod, _ path: String, body: HTTPBody = .none, _ client: HTTPClient) async {
        do {
            var headers = HTTPHeaders()
            if case .bytes = body {
                headers.add(name: "Content-Type", value: "application/json")
            }
            let request = HTTPRequest(method, path, headers: headers)
            let reply = try await client.reply(to: request, body: body, deadline: .after(Self.patience))
            let text = String(decoding: reply.body.prefix(200), as: UTF8.self)
            note(reply.status < 400 ? nil : "\(method) \(path): \(reply.status) \(text)")
        } catch {
            note("\(method) \(path): \(error)")
        }
    }

    private func note(_ failure: String?) {
        state.withLock { state in
            state.requests += 1
            failure.map { state.failures.append($0) }
        }
    }
}
