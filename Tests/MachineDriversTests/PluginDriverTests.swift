// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SecureShell
import SwarmCore
import Testing

/// The driver of plug-ins with a plug-in that speaks the protocol by itself: in Python, or that of the folder
/// `SWARMCTL_TEST_PLUGINS`.
@Suite("PluginDriver", .serialized)
struct PluginDriverTests {
    private static let fixtures =
        ProcessInfo.processInfo.environment["SWARMCTL_TEST_PLUGINS"]
        ?? URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures").path

    /// A folder for a store, and the plug-in found in a `PATH`.
    private final class Bench {
        let folder: String
        let driver: any MachineDriver

        init() throws {
            folder = NSTemporaryDirectory() + "plugin-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var environment = ProcessInfo.processInfo.environment
            environment["PATH"] = "\(fixtures):\(environment["PATH"] ?? "/usr/bin:/bin")"
            let drivers = PluginCatalog.drivers(environment: environment, folder: folder, except: [])
            driver = try #require(drivers.first { $0.name == "standin" })
        }

        deinit {
            try? FileManager.default.removeItem(atPath: folder)
        }

        func request(_ options: [String: String] = [:]) -> MachineRequest {
            MachineRequest(
                name: "m1",
                id: "1",
                cluster: "default",
                options: ["standin-token": "hunter2secret"].merging(options) { $1 },
                authorizedKey: "",
                hostKey: HostKey(privateKey: "", publicKey: ""),
                ports: [22, 2376]
            )
        }

        func machine(_ state: DriverState, _ options: [String: String] = [:]) -> DriverMachine {
            let request = request(options)
            return DriverMachine(name: "m1", id: "1", cluster: "default", options: request.options, state: state)
        }

        /// What the plug-in did, in order.
        func deeds() throws -> [String] {
            try String(contentsOfFile: "\(folder)/machines/m1/made", encoding: .utf8).split(separator: "\n").map(
                String.init
            )
        }
    }

    @Test("the plug-in's flags are the driver's, with kinds, defaults and environment names")
    func flags() throws {
        let options = try Bench().driver.options

        #expect(options.count == 9)
        #expect(
            options[0] == DriverOption("standin-address", environment: "STANDIN_ADDRESS", help: "Address of the host")
        )
        #expect(options[3].isSecret)
        #expect(options[4].kind == .integer)
        #expect(options[4].defaultValue == "2")
        #expect(options[5].kind == .flag)
        #expect(options[6].kind == .list)
        #expect(options[6].defaultValue == "a,b")
    }

    @Test("a machine is made, changed through all its states, and removed twice", .timeLimit(.minutes(2)))
    func life() async throws {
        let bench = try Bench()
        let request = bench.request(["standin-address": "192.0.2.7", "standin-tag": "x,y"])
        let saved = Saved()
        try await bench.driver.preCreate(request)

        let state = try await bench.driver.create(request, state: [:], save: saved.save)
        let machine = bench.machine(state)

        #expect(saved.states.last == state)
        #expect(state["ssh-key"] == "machines/m1/id_rsa")
        #expect(state["engine-port"] == "2376")
        #expect(try #require(state["config"]).contains(#""Tags":["x","y"]"#))
        #expect(try await bench.driver.address(of: machine) == "192.0.2.7")
        #expect(try await bench.driver.sshAddress(of: machine) == SSHAddress(parsing: "root@192.0.2.7:22"))
        #expect(try await bench.driver.state(of: machine) == .running)
        try await bench.driver.stop(machine)
        #expect(try await bench.driver.state(of: machine) == .stopped)
        try await bench.driver.start(machine)
        try await bench.driver.kill(machine)
        try await bench.driver.restart(machine)
        #expect(try await bench.driver.state(of: machine) == .running)
        #expect(try await bench.driver.create(request, state: state, save: saved.save) == state, "made once")
        try await bench.driver.remove(machine)
        #expect(try await bench.driver.state(of: machine) == .notFound)
        try await bench.driver.remove(machine)
        #expect(try bench.deeds() == ["made", "removed"])
    }

    @Test("neither credentials nor the store's place are in what is saved, and the plug-in gets both back")
    func secrets() async throws {
        let bench = try Bench()

        let state = try await bench.driver.create(bench.request(), state: [:]) { _ in }

        #expect(!state.values.contains { $0.contains("hunter2") || $0.contains(bench.folder) })
        let error = try await #require(throws: MachineError.self) {
            let machine = bench.machine(state.mapValues { $0.replacing(#""Fail":"""#, with: #""Fail":"GetIP""#) })
            _ = try await bench.driver.address(of: machine)
        }
        // The stand-in puts the credential that it got into its error.
        #expect(error.message.hasSuffix("GetIP failed with ***"))
    }

    @Test("a plug-in that dies in the middle of a create: its ids are saved, and the next run begins anew")
    func dies() async throws {
        let bench = try Bench()
        let saved = Saved()

        await #expect(throws: MachineError.self) {
            _ = try await bench.driver.create(bench.request(["standin-die": "Create"]), state: [:], save: saved.save)
        }
        let state = try #require(saved.states.last)
        #expect(try #require(state["config"]).contains(#""Id":"id-m1""#))
        #expect(state["created"] == nil)
        _ = try await bench.driver.create(bench.request(), state: state, save: saved.save)

        #expect(try bench.deeds() == ["made", "removed", "made"])
    }

    @Test("a check before creation that says no is told as such")
    func preCreate() async throws {
        let bench = try Bench()

        let error = try await #require(throws: MachineError.self) {
            try await bench.driver.preCreate(bench.request(["standin-fail": "PreCreateCheck"]))
        }

        #expect(error == .preCreate(machine: "m1", problem: "PreCreateCheck failed with ***", advice: ""))
    }

    @Test("a program that is no plug-in is an error that names it")
    func noPlugin() async throws {
        let bench = try Bench()
        let driver = PluginDriver(name: "true", path: "/bin/true", folder: bench.folder, environment: [:])

        #expect(driver.options.isEmpty)
        let error = try await #require(throws: MachineError.self) { try await driver.preCreate(bench.request()) }
        #expect(error.message.contains("\"/bin/true\" is no driver plug-in"))
    }

    @Test("the first plug-in in PATH counts, and none that has the name of a driver of ours")
    func catalog() throws {
        let folder = NSTemporaryDirectory() + "path-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for place in ["a", "b"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(place)", withIntermediateDirectories: true)
            for name in ["docker-machine-driver-x", "docker-machine-driver-local", "docker-machine-driver-"] {
                let path = "\(folder)/\(place)/\(name)"
                _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o755])
            }
        }
        let environment = ["PATH": "\(folder)/a:\(folder)/b"]

        let drivers = PluginCatalog.drivers(environment: environment, folder: folder, except: ["local"])

        #expect(drivers.map(\.name) == ["x"])
        #expect(drivers[0].summary == "the docker-machine plug-in \(folder)/a/docker-machine-driver-x")
    }
}
