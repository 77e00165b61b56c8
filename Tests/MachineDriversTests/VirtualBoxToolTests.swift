// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SwarmCore
import Testing

/// The driver on the real VBoxManage 7.2.
enum VirtualBoxIntegrationTests {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL.path
    private static let script = checkout + "/Scripts/testbed/virtualbox.sh"

    /// A folder for VirtualBox and the store, of which nothing is left after `body`.
    private struct Home: Sendable {
        let folder = NSTemporaryDirectory() + "swarmctl-vbox-\(UUID().uuidString.prefix(8))"
        var image: String { folder + "/cloud.raw" }
        var hostKey: HostKey

        static func with(_ body: (Home) async throws -> Void) async throws {
            _ = try await call("bash", script, "root", limit: .seconds(900))
            var home = Home(hostKey: HostKey(privateKey: "", publicKey: ""))
            try AtomicFile.makeFolder(home.folder)
            let key = home.folder + "/key"
            try await call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
            home.hostKey = HostKey(
                privateKey: String(decoding: try AtomicFile.read(key), as: UTF8.self),
                publicKey: String(decoding: try AtomicFile.read(key + ".pub"), as: UTF8.self)
                    .trimmingCharacters(in: .newlines)
            )
            let name = Array("swarmctl/node:bookworm\n".utf8)
            try AtomicFile.write(name + [UInt8](repeating: 1, count: (4 << 20) - name.count), to: home.image)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(home))
            } catch {
                result = .failure(error)
            }
            try await call("bash", script, "end", home.folder)
            try? FileManager.default.removeItem(atPath: home.folder)
            try result.get()
        }

        /// A driver on VBoxManage in the folder `tools`, or on that which starts containers as machines.
        func driver(
            tools: String = checkout + "/Scripts/virtualbox",
            _ plan: FaultPlan = FaultPlan()
        ) -> VirtualBoxDriver {
            var environment = ProcessInfo.processInfo.environment
            environment["PATH"] = "\(tools):\(environment["PATH"] ?? "/usr/bin:/bin")"
            environment["VBOX_USER_HOME"] = folder
            environment["SWARMCTL_TEMPLATES"] = checkout + "/templates"
            let tool = HostTool("VBoxManage", advice: "", environment: environment)
            return VirtualBoxDriver(
                tool: FaultingVBoxManage.path(to: tool, plan: plan),
                folder: folder,
                environment: environment
            )
        }

        func request(_ options: [String: String] = [:]) -> MachineRequest {
            let id = UUID().uuidString.lowercased()
            return MachineRequest(
                name: "vb-\(id.prefix(6))",
                id: id,
                cluster: "lab",
                options: ["virtualbox-image": image, "virtualbox-address": "127.0.0.1"].merging(options) { $1 },
                authorizedKey: hostKey.publicKey,
                hostKey: hostKey,
                ports: [22, 2376]
            )
        }
    }

    @discardableResult
    private static func call(_ words: String..., limit: Duration = .seconds(120)) async throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let program = HostTool(words[0], advice: "", environment: environment)
        let result = try await program.run(Array(words.dropFirst()), deadline: .after(limit))
        try #require(result.status == 0, "\(words): \(result)")
        return result.output
    }

    @Suite("VBoxManage refuses", .serialized)
    struct RefusalTests {
        @Test("a disk that becomes full while the image is copied is told, and a create goes on when there is room")
        func diskFull() async throws {
            try await Home.with { home in
                let request = home.request()
                let machines = home.folder + "/machines"
                try AtomicFile.makeFolder(machines)
                // Before VirtualBox's service starts, which has mounts of its own.
                try await call("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", machines)
                let saved = Saved()
                let result: Result<MachineError, any Error>
                do {
                    let error = try await #require(throws: MachineError.self) {
                        _ = try await home.driver().create(request, state: [:], save: saved.save)
                    }
                    let state = try #require(saved.states.last)
                    try await home.driver().remove(DriverMachine(request: request, state: state))
                    result = .success(error)
                } catch {
                    result = .failure(error)
                }
                try await call("umount", "-l", machines)

                let error = try result.get()
                #expect(error.kind == .noCapacity, "\(error.message)")
                #expect(error.message.contains("\(request.name)\": Failed to write to disk image"), "\(error.message)")
                #expect(error.message.contains("VERR_DISK_FULL"))
                #expect(error.hint?.contains("make room there") == true)
                #expect(try await home.driver().tagged(options: [:]) == [])
            }
        }

        @Test("without the kernel module a start fails with the tool's words and a way out, and rm leaves nothing")
        func noModule() async throws {
            try await Home.with { home in
                // Nothing stands in for starting here.
                let tools = home.folder + "/bin"
                try AtomicFile.makeFolder(tools)
                let words = "#!/bin/sh\nexec '\(script)' run '\(home.folder)' \"$@\"\n"
                try AtomicFile.write(words, to: tools + "/VBoxManage", mode: 0o755)
                let driver = home.driver(tools: tools)
                let request = home.request()
                let saved = Saved()

                let error = try await #require(throws: MachineError.self) {
                    _ = try await driver.create(request, state: [:], save: saved.save)
                }
                let state = try #require(saved.states.last)
                let found = try await driver.tagged(options: [:])
                try await driver.remove(DriverMachine(request: request, state: state))

                #expect(error.message.contains("terminated unexpectedly during startup"), "\(error.message)")
                #expect(error.hint?.contains("kernel module") == true)
                #expect(found.map(\.machine) == [request.name])
                #expect(found.map(\.cluster) == ["lab"])
                #expect(try await driver.tagged(options: [:]) == [])
            }
        }
    }

    /// Every promise of a driver, kept by the real program.
    @Suite("VBoxManage keeps promises", .serialized)
    struct ConformanceSoakTests {
        @Test("the virtualbox driver keeps each promise with the real VBoxManage", arguments: ConformanceCase.allCases)
        func conformance(promise: ConformanceCase) async throws {
            try await Home.with { home in
                let conformance = DriverConformance(
                    DriverHarness(
                        name: "VBoxManage 7.2",
                        driver: { home.driver($0) },
                        request: { home.request() },
                        hostKind: "machine",
                        hostCall: "createvm",
                        secrets: [home.hostKey.privateKey],
                        shortestWait: .milliseconds(500),
                        isSlow: true
                    )
                )

                try await conformance.check(promise)
            }
        }
    }
}
