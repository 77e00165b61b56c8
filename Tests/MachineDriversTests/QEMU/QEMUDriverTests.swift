// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SwarmCore
import Testing

@Suite("QEMUDriver")
final class QEMUDriverTests {
    /// Says what qemu-img says, and keeps the words of the machine that would be started.
    private struct Fake: ToolRunning {
        let program: String

        func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
            if words.first == "create" {
                try AtomicFile.write("disk", to: words[words.count - 2])
            }
            return program == "qemu-img"
                ? ToolResult(status: 0, output: #"{"format": "raw", "virtual-size": 16777216}"#)
                : ToolResult(status: 1, errors: "qemu-system-x86_64: not in this test\n")
        }
    }

    private let bench: QEMUBench

    init() throws {
        bench = try QEMUBench()
    }

    deinit {
        bench.close()
    }

    /// The words with which a machine with these options is started.
    private func words(_ options: [String: String], ports: [Int] = [22, 2376]) async throws -> (
        words: [String], state: DriverState
    ) {
        let plan = FaultPlan()
        let saved = Saved()
        _ = try? await bench.driver(plan, tool: { Fake(program: $0) })
            .create(bench.request(options, ports: ports), state: [:], save: saved.save)
        let call = try #require(plan.calls.last { $0.hasPrefix("qemu-system") })
        return (call.split(separator: " ").map(String.init), saved.states.last ?? [:])
    }

    @Test("ports of this host lead to SSH, the engine and what else is asked for")
    func userNetwork() async throws {
        let (words, state) = try await words(["qemu-publish": "18080,18443"])

        let network = try #require(words.first { $0.hasPrefix("user,") })
        let (ssh, engine) = (try #require(state["ssh-port"]), try #require(state["engine-port"]))
        let forwards = [(ssh, "22"), (engine, engine), ("18080", "18080"), ("18443", "18443")]
            .map { ",hostfwd=tcp:127.0.0.1:\($0.0)-:\($0.1)" }.joined()
        #expect(network == "user,id=net" + forwards)
    }

    @Test(
        "a machine on a tap or a bridge has an address of its own",
        arguments: [
            (
                ["qemu-network": "tap", "qemu-network-interface": "tap7"],
                "tap,id=net,script=no,downscript=no,ifname=tap7"
            ),
            (["qemu-network": "bridge"], "bridge,id=net,br=br0"),
        ] as [([String: String], String)]
    )
    func ownAddress(options: [String: String], network: String) async throws {
        let (words, state) = try await words(options.merging(["qemu-network-address": "10.9.8.7"]) { $1 })

        #expect(words.contains(network))
        #expect(state["address"] == "10.9.8.7")
        #expect(state["ssh-port"] == nil)
        #expect(state["engine-port"] == nil)
    }

    @Test("what the options say of the hardware is what qemu is told")
    func hardware() async throws {
        let (words, _) = try await words([
            "qemu-memory": "512", "qemu-cpu-count": "3", "qemu-cache-mode": "unsafe", "qemu-io-mode": "native",
            "qemu-display": "true", "qemu-display-type": "vnc=localhost:7",
        ])

        let pairs = zip(words, words.dropFirst()).map { "\($0) \($1)" }
        for pair in ["-m 512", "-smp 3", "-accel tcg", "-cpu max", "-display vnc=localhost:7", "-vga std"] {
            #expect(pairs.contains(pair), "\(pair)")
        }
        #expect(words.contains { $0.hasSuffix(",discard=unmap,cache=unsafe,aio=native") })
    }

    @Test("a monitor that is not there, and one that says nothing, are told apart")
    func monitor() async throws {
        let absent = bench.folder + "/nothing"
        let silent = bench.folder + "/silent"
        let listener = try listenSilently(at: silent)
        defer { closeListener(listener) }

        await #expect(throws: MonitorError.absent) {
            _ = try await QEMUMonitor().execute("quit", at: absent, deadline: .after(.seconds(60)))
        }
        await #expect(throws: DeadlineExceeded.self) {
            _ = try await QEMUMonitor().execute("quit", at: silent, deadline: .after(.milliseconds(200)))
        }
    }
}
