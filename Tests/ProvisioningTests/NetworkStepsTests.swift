// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import SwarmCore
import Testing

@testable import Provisioning

@Suite("NetworkSteps")
struct NetworkStepsTests {
    private func steps(_ engine: FakeEngine, timeout: Duration = .seconds(60)) -> NetworkSteps {
        var request = request(FakeHost([]))
        request.registration = RegistrationCheck(
            manager: EngineEndpoint(host: "10.0.0.9", port: 3376),
            timeout: timeout
        )
        return NetworkSteps(request: request, sender: engine, deadline: .after(.seconds(60))) { _, _ in }
    }

    private static func info(_ status: String, error: String = "") -> (Int, String) {
        (
            200,
            """
            {"SystemStatus":[["Role","primary"],["Nodes","2"],[" n0","10.0.0.2:2376"],["  └ Status","Healthy"],
            [" n1","10.0.0.1:2376"],["  └ ID","x"],["  └ Status","\(status)"],["  └ Error","\(error)"]]}
            """
        )
    }

    @Test("the version comes from the engine itself")
    func verify() async throws {
        let engine = FakeEngine(["GET /_ping": [(200, "OK")], "GET /version": [(200, #"{"Version":"28.5.2"}"#)]])

        #expect(try await steps(engine).verify() == EngineVersion(28, 5, 2))
    }

    @Test("an engine that refuses is an error with its words")
    func refused() async throws {
        let engine = FakeEngine(["GET /_ping": [(403, #"{"message":"no"}"#)]])

        let error = try await #require(throws: ProvisionError.self) { try await steps(engine).verify() }

        #expect(error.step == .verify)
        #expect(error.message.hasSuffix("https://10.0.0.1:2376: GET /_ping gave 403: no"))
    }

    @Test(
        "an archive is loaded, a layer is imported with the program as its entry point",
        arguments: [
            (isLayer: false, call: "POST /images/load?quiet=1"),
            (
                isLayer: true,
                call: "POST /images/create?fromSrc=-&repo=swarmd&tag=1.0-abc&changes=ENTRYPOINT%20%5B%22%2Fswarmd%22%5D"
            ),
        ]
    )
    func load(isLayer: Bool, call: String) async throws {
        let engine = FakeEngine([call: [(200, #"{"status":"sha256:1"}"#), (200, #"{"error":"no room"}"#)]])
        let client = EngineClient(
            sender: engine,
            endpoint: EngineEndpoint(host: "10.0.0.1", port: 2376),
            connectTo: nil,
            identity: request(FakeHost([])).client,
            deadline: .after(.seconds(60))
        )
        let image = SwarmdImage(path: "/x.tar", tag: "swarmd:1.0-abc", size: 1, isLayer: isLayer)

        try await client.load(image)
        let refused = try await #require(throws: EngineClient.Refused.self) { try await client.load(image) }

        #expect(engine.calls == [call, call])
        #expect(refused.reason == "no room")
    }

    @Test("a node is waited for until the manager calls it Healthy")
    func registered() async throws {
        let engine = FakeEngine(["GET /info": [(200, "{}"), Self.info("Pending"), Self.info("Healthy")]])

        try await steps(engine).waitUntilRegistered()

        #expect(engine.calls.count == 3)
    }

    @Test("a node that stays unhealthy is an error with the manager's reason")
    func unhealthy() async throws {
        let engine = FakeEngine(["GET /info": [Self.info("Unhealthy", error: "connection refused")]])

        let error = try await #require(throws: ProvisionError.self) {
            try await steps(engine, timeout: .milliseconds(400)).waitUntilRegistered()
        }

        #expect(
            error.cause
                == .notRegistered(manager: "https://10.0.0.9:3376", reason: "Unhealthy: connection refused")
        )
        #expect(error.kind == .unreachable)
    }

    @Test("the engine's frames are taken apart, and a frame that is cut counts as far as it goes")
    func frames() {
        let bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 2] + Array("hi".utf8) + [2, 0, 0, 0, 0, 0, 1, 0] + Array("!".utf8)

        #expect(EngineClient.text(ofFrames: bytes) == "hi!")
    }

    @Test(
        "blocks are cleared of their host bits, and what is no block is refused",
        arguments: [
            (text: "10.1.2.3/8", block: "10.0.0.0/8"), (text: "10.1.2.3", block: "10.1.2.3"),
            (text: "10.1.2.3/32", block: "10.1.2.3"), (text: "0.0.0.0/0", block: "0.0.0.0/0"),
            (text: "2001:DB8::1/64", block: "2001:db8::/64"), (text: "::1", block: "::1"),
            (text: "10.1.2.3/33", block: nil), (text: "10.1.2/8", block: nil), (text: "10.0.0.1/8/9", block: nil),
            (text: "host", block: nil), (text: "", block: nil), (text: "10.0.0.0/-1", block: nil),
        ] as [(text: String, block: String?)]
    )
    func blocks(text: String, block: String?) {
        #expect(IPAddress.normalizedBlock(text) == block)
    }
}
