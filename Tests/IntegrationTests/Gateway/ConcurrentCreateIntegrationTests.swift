// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import NIOHTTP1
import SwarmCore
import Testing

/// Many clients that create containers at once, through a manager over three real engines.
@Suite("Concurrent creates over real engines", .serialized)
struct ConcurrentCreateIntegrationTests {
    private static let clients = 32
    /// Requests for containers; `make soak` asks for more.
    private static let requests =
        ProcessInfo.processInfo.environment["SWARMCTL_TEST_CREATES"].flatMap { Int($0) } ?? 300

    /// What a client asks for, and what it is answered.
    private struct Attempt: Sendable {
        var name: String
        var port: Int?
        var memory = 0
        /// Of no signal: the engine refuses it after the manager has placed it.
        var stopSignal = "SIGTERM"
        var status = 0

        var body: JSON {
            var host: [(String, JSON)] = [("Memory", JSON(memory))]
            if let port {
                host.append(("PortBindings", ["80/tcp": [["HostPort": JSON("\(port)")]]]))
            }
            return [
                "Image": "busybox", "Cmd": ["true"], "StopSignal": JSON(stopSignal),
                "HostConfig": JSONObject(host).json,
            ]
        }
    }

    /// Sends all attempts, `clients` at a time, and fills in the answers' statuses.
    private func create(_ attempts: [Attempt], through manager: HTTPClient) async throws -> [Attempt] {
        try await withThrowingTaskGroup(of: [Attempt].self) { group in
            for client in 0..<Self.clients {
                group.addTask {
                    var done: [Attempt] = []
                    for index in stride(from: client, to: attempts.count, by: Self.clients) {
                        done.append(try await create(attempts[index], through: manager))
                    }
                    return done
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func create(_ attempt: Attempt, through manager: HTTPClient) async throws -> Attempt {
        let reply = try await manager.reply(
            to: HTTPRequest(
                .POST,
                "/containers/create",
                query: [("name", attempt.name)],
                headers: ["Content-Type": "application/json"]
            ),
            body: .json(attempt.body),
            deadline: .after(.seconds(300))
        )
        var answered = attempt
        answered.status = reply.status
        return answered
    }

    private func client(_ address: String) throws -> HTTPClient {
        HTTPClient(address: try EngineAddress(parsing: address))
    }

    private func engines(_ managed: ManagedEngines) throws -> [EngineClient] {
        try managed.engines.map { EngineClient(http: try client($0)) }
    }

    @Test("no name, port or memory is promised twice, and what losers held is free again")
    func nothingTwice() async throws {
        try await ManagedEngines.with { managed in
            let manager = try client(managed.manager)
            let engines = try engines(managed)

            // Each name is asked for twice, each port by two or three names: there are three nodes.
            let names = Self.requests / 2
            let twins = (0..<names * 2).map { Attempt(name: "twin-\($0 / 2)", port: 20_000 + $0 / 2 % (names * 2 / 5)) }
            let answered = try await create(twins, through: manager)
            try checkTwins(answered)
            try await checkEngines(engines, names: names)

            let memory = try await engines[0].info(deadline: .after(.seconds(60))).memory
            let limit = Int((Double(memory) * 1.05).rounded(.down))
            try await checkLosers(manager, claim: limit / 10)
            try await checkMemory(manager, engines, claim: limit / 10, fitting: limit / (limit / 10) * engines.count)
        }
    }

    /// Exactly one of two equal names wins, the other is told of a conflict.
    private func checkTwins(_ answered: [Attempt]) throws {
        for (name, attempts) in Dictionary(grouping: answered, by: \.name) {
            #expect(attempts.map(\.status).sorted() == [201, 409], "\(name)")
        }
    }

    /// What the engines have is what was promised, once.
    private func checkEngines(_ engines: [EngineClient], names: Int) async throws {
        var found: [String] = []
        for engine in engines {
            let containers = try await engine.containers(deadline: .after(.seconds(60)))
            found += containers.flatMap(\.names)
            var ports: [String] = []
            for container in containers {
                let detail = try await engine.container(container.id, deadline: .after(.seconds(60)))
                let bindings = detail.raw["HostConfig"]?["PortBindings"]?["80/tcp"]?.elements ?? []
                ports += bindings.compactMap { $0["HostPort"]?.string }
            }
            #expect(ports.count == containers.count)
            #expect(Set(ports).count == ports.count)
        }
        #expect(found.count == names)
        #expect(Set(found).count == names)
    }

    /// More refused creates than there is memory for leave nothing behind: names and ports are free.
    private func checkLosers(_ manager: HTTPClient, claim: Int) async throws {
        var attempts = (0..<60).map { Attempt(name: "loser-\($0)", port: 30_000 + $0, memory: claim) }
        for index in attempts.indices {
            attempts[index].stopSignal = "SIGNOSUCH"
        }
        // No more at a time than fit: each of them holds its memory until the engine has refused it.
        for start in stride(from: 0, to: attempts.count, by: 20) {
            let refused = try await create(Array(attempts[start..<start + 20]), through: manager)
            #expect(refused.allSatisfy { $0.status == 400 }, "\(refused.map(\.status))")
        }
        let again = try await create([Attempt(name: "loser-0", port: 30_000)], through: manager)
        #expect(again.map(\.status) == [201])
    }

    /// As many containers are made as have room, and no more.
    private func checkMemory(
        _ manager: HTTPClient,
        _ engines: [EngineClient],
        claim: Int,
        fitting: Int
    ) async throws {
        let attempts = (0..<fitting + 20).map { Attempt(name: "large-\($0)", memory: claim) }

        let answered = try await create(attempts, through: manager)

        #expect(answered.count { $0.status == 201 } == fitting)
        #expect(answered.count { $0.status == 500 } == 20)
        for engine in engines {
            let large = try await engine.containers(deadline: .after(.seconds(60)))
                .count { $0.names.contains { $0.hasPrefix("large-") } }
            #expect(large == fitting / engines.count)
        }
    }
}
