// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import GoRPC
import SwarmCore
import Testing

@Suite("RPC client")
struct RPCClientTests {
    private static let flags = GobType.structure(
        name: "RPCFlags",
        fields: [GobField("Values", .map(key: .string, value: .interface, name: "map[string]interface {}"))]
    )

    @Test("sends what a docker-machine sends, byte for byte, and reads the replies", .timeLimit(.minutes(1)))
    func replay() async throws {
        let plugin = try StandIn()
        defer { plugin.stop() }
        let client = try RPCClient(port: try plugin.port())
        let deadline = Deadline.after(.seconds(30))
        func call(_ method: String, _ argument: GobDynamic = GobDynamic(type: .empty, value: .empty)) async throws
            -> GobValue
        {
            try await client.call("RPCServerDriver.\(method)", argument, deadline: deadline).value
        }

        #expect(try await call("GetVersion").integer == 1)
        #expect(try await call("Heartbeat") == .empty)
        let config = Array(#"{"MachineName":"m1","StorePath":"/s"}"#.utf8)
        _ = try await call("SetConfigRaw", GobDynamic(type: .bytes, value: .bytes(config)))
        #expect(try await call("GetMachineName").string == "m1")
        #expect(try await call("GetCreateFlags").elements.count == 5)
        _ = try await call("SetConfigFromFlags", Self.options)
        #expect(try await call("GetState").integer == 1)
        #expect(try await call("GetConfigRaw").bytes?.count == 190)
        let error = try await #require(throws: GoRPCError.self) { _ = try await call("Nope") }
        #expect(error.isUnknownMethod)
        #expect(try await call("Close") == .empty)
        #expect(plugin.wait() == 0)
    }

    @Test("a call fails when the other side hangs up, and so do later ones", .timeLimit(.minutes(1)))
    func hangUp() async throws {
        let plugin = try StandIn()
        defer { plugin.stop() }
        let client = try RPCClient(port: try plugin.port())
        let nothing = GobDynamic(type: .empty, value: .empty)

        // Not the first recorded call, and no shorter than it, so the stand-in ends.
        for _ in 0..<2 {
            let error = try await #require(throws: GoRPCError.self) {
                _ = try await client.call("RPCServerDriver.GetSSHHostname", nothing, deadline: .after(.seconds(30)))
            }
            #expect(error.kind == .unreachable)
        }
    }

    @Test("a call that is not answered ends at its deadline", .timeLimit(.minutes(1)))
    func deadline() async throws {
        let plugin = try StandIn()
        defer { plugin.stop() }
        let client = try RPCClient(port: try plugin.port())
        let nothing = GobDynamic(type: .empty, value: .empty)

        await #expect(throws: DeadlineExceeded.self) {
            // Shorter than what the stand-in waits for.
            _ = try await client.call("A", nothing, deadline: .after(.milliseconds(50)))
        }
    }

    private static let options = GobDynamic(
        type: .interface,
        value: .interface(
            GobDynamic(
                name: "*rpcdriver.RPCFlags",
                type: flags,
                value: .structure([
                    GobMember(
                        0,
                        "Values",
                        .map([
                            GobPair(.string("generic-ip-address"), text("1.2.3.4")),
                            GobPair(.string("generic-engine-port"), number(2376)),
                            GobPair(.string("generic-ssh-user"), text("root")),
                            GobPair(.string("generic-ssh-key"), text("")),
                            GobPair(.string("generic-ssh-port"), number(22)),
                        ])
                    )
                ])
            )
        )
    )

    private static func text(_ value: String) -> GobValue {
        .interface(GobDynamic(name: "string", type: .string, value: .string(value)))
    }

    private static func number(_ value: Int64) -> GobValue {
        .interface(GobDynamic(name: "int", type: .integer, value: .integer(value)))
    }
}

/// `replay.py` as a child process.
private final class StandIn {
    private let process = Process()
    private let output = Pipe()

    init() throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", RecordedCalls.folder.appendingPathComponent("replay.py").path, RecordedCalls.path,
        ]
        process.standardOutput = output
        try process.run()
    }

    func port() throws -> UInt16 {
        var line = ""
        while !line.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty)
            line += String(decoding: more, as: UTF8.self)
        }
        return try #require(UInt16(line.dropFirst("127.0.0.1:".count).dropLast()))
    }

    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    func stop() {
        if process.isRunning {
            process.terminate()
        }
        process.waitUntilExit()
    }
}
