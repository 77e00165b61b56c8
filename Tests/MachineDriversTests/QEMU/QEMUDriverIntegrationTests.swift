// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SecureShell
import SwarmCore
import Testing

/// The real qemu, emulating, with a guest of a few bytes.
@Suite("QEMUDriver with the real qemu", .serialized)
final class QEMUDriverIntegrationTests {
    private let bench: QEMUBench

    init() throws {
        bench = try QEMUBench()
    }

    deinit {
        bench.close()
    }

    @Test("the qemu driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func conformance(promise: ConformanceCase) async throws {
        let bench = bench
        let harness = DriverHarness(
            name: "qemu",
            driver: { bench.driver($0) },
            request: { bench.request() },
            hostKind: "machine",
            hostCall: "qemu-system-x86_64",
            secrets: ["host-key-secret"],
            // A program of this host has no accounts and no rate limit.
            lacks: [.wrongCredentials, .rateLimit]
        )
        try await DriverConformance(harness).check(promise)
    }

    @Test("a machine that is stopped switches itself off at its power button; nothing is left of one that is removed")
    func powerButton() async throws {
        let (request, plan) = (bench.request(), FaultPlan())
        let driver = bench.driver(plan)
        let state = try await driver.create(request, state: [:]) { _ in }
        let machine = DriverMachine(request: request, state: state)

        try await driver.stop(machine)

        #expect(try await driver.state(of: machine) == .stopped)
        #expect(plan.calls.contains("qmp system_powerdown"))
        #expect(!plan.calls.contains("qmp quit"))
        try await driver.start(machine)
        try await driver.remove(machine)
        #expect(AtomicFile.names(in: bench.folder + "/machines") == [])
    }

    @Test("a pid file that names another's process means nothing, and that process lives")
    func stalePidFile() async throws {
        let request = bench.request()
        let driver = bench.driver(FaultPlan())
        let state = try await driver.create(request, state: [:]) { _ in }
        let machine = DriverMachine(request: request, state: state)
        try await driver.kill(machine)
        let pidFile = "\(bench.folder)/machines/\(request.name)/qemu/pid"

        try AtomicFile.write("\(ProcessInfo.processInfo.processIdentifier)\n", to: pidFile)

        #expect(try await driver.state(of: machine) == .stopped)
        try await driver.kill(machine)
        try await driver.start(machine)
        #expect(try await driver.state(of: machine) == .running)
        #expect(bench.process(of: request.name) != ProcessInfo.processInfo.processIdentifier)
    }

    @Test("a machine whose monitor does not answer is ended all the same")
    func deafMonitor() async throws {
        let request = bench.request()
        let state = try await bench.driver(FaultPlan()).create(request, state: [:]) { _ in }
        let machine = DriverMachine(request: request, state: state)
        let deaf = bench.driver(FaultPlan { _, call in call == "qmp quit" ? .timeout : nil })

        try await deaf.kill(machine)

        #expect(try await deaf.state(of: machine) == .stopped)
        #expect(bench.process(of: request.name) == nil)
    }

    @Test("the guest that finds out about a hypervisor runs to its end, and one that hangs means emulation")
    func probe() async throws {
        // Stands for a hypervisor that works: the same guest, emulated.
        struct Working: ToolRunning {
            let inner: any ToolRunning
            func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
                let words = words.map { ["kvm": "tcg", "hvf": "tcg", "host": "max"][$0] ?? $0 }
                return try await inner.run(words, deadline: .after(.seconds(60)))
            }
        }
        // Stands for one under which a guest never executes anything.
        struct Hanging: ToolRunning {
            let inner: any ToolRunning
            func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
                words.first == "-accel"
                    ? try await QEMUBench.program("sleep").run(["600"], deadline: deadline)
                    : try await inner.run(words, deadline: deadline)
            }
        }
        let request = bench.request(["qemu-accelerator": "auto"])
        let working = bench.driver(FaultPlan()) { Working(inner: QEMUBench.program($0)) }
        let other = bench.request(["qemu-accelerator": "auto"])
        let hanging = bench.driver(FaultPlan()) { Hanging(inner: QEMUBench.program($0)) }

        let fast = try await working.create(request, state: [:]) { _ in }
        let slow = try await hanging.create(other, state: [:]) { _ in }

        #expect(["kvm", "hvf"].contains(fast["accelerator"]))
        #expect(slow["accelerator"] == "tcg")
        #expect(try await hanging.state(of: DriverMachine(request: other, state: slow)) == .running)
    }

    @Test("no key is in an argument, and the seed that has them is for our eyes only")
    func secrets() async throws {
        let (request, plan) = (bench.request(), FaultPlan())

        _ = try await bench.driver(plan).create(request, state: [:]) { _ in }

        let seed = "\(bench.folder)/machines/\(request.name)/qemu/seed.iso"
        let mode = try FileManager.default.attributesOfItem(atPath: seed)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(String(decoding: try AtomicFile.read(seed), as: UTF8.self).contains("host-key-secret"))
        #expect(!plan.calls.contains { $0.contains("host-key-secret") })
        let process = try #require(bench.process(of: request.name))
        #expect(try !AtomicFile.readText("/proc/\(process)/cmdline").contains("host-key-secret"))
    }

    @Test("a port that is taken when a machine starts again is told, with the machine as it was")
    func takenPort() async throws {
        let (first, second) = (bench.request(), bench.request())
        let driver = bench.driver(FaultPlan())
        let state = try await driver.create(first, state: [:]) { _ in }

        let error = try await #require(throws: MachineError.self) {
            _ = try await driver.create(second, state: state.merging(["vm": second.id]) { $1 }) { _ in }
        }

        #expect(error.kind == .conflict, "\(error.message)")
        #expect(error.message.contains("host forwarding rule"), "\(error.message)")
        #expect(try await driver.state(of: DriverMachine(request: first, state: state)) == .running)
        #expect(try await driver.state(of: DriverMachine(request: second, state: state)) == .stopped)
    }

    @Test(
        "what cannot be is refused before anything is made",
        arguments: [
            (["qemu-image": ""], "it is required"),
            (["qemu-image": "/nowhere.qcow2"], "\"/nowhere.qcow2\" cannot be read"),
            (["qemu-memory": "12"], "is not a whole number from 64"),
            (["qemu-cpu-count": "0"], "it is 0"),
            (["qemu-accelerator": "warp"], "is not auto, kvm, hvf or tcg"),
            (["qemu-network": "token-ring"], "is not user, tap or bridge"),
            (["qemu-network": "bridge"], "--qemu-network-address: it is required"),
            (["qemu-cache-mode": "fast"], "\"fast\" is none of default"),
            (["qemu-program": "qemu-system-s390x"], "is not a qemu-system-x86_64"),
            (["qemu-publish": "80,http"], "\"http\" is not a port"),
        ] as [([String: String], String)]
    )
    func preCreate(options: [String: String], problem: String) async throws {
        let request = bench.request(options)

        let error = try await #require(throws: MachineError.self) {
            try await bench.driver(FaultPlan()).preCreate(request)
        }

        #expect(error.message.contains(problem), "\(error.message)")
        #expect(AtomicFile.names(in: bench.folder + "/machines") == [])
    }
}
