// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// swarmd alone in an empty root: nothing but the file itself and /proc.
@Suite("Static swarmd", .serialized)
struct StaticDaemonIntegrationTests {
    /// A root with swarmd in it.
    private struct EmptyRoot {
        let path = NSTemporaryDirectory() + "swarmd-root-\(UUID().uuidString.prefix(8))"

        init() throws {
            for folder in ["/proc", "/state"] {
                try FileManager.default.createDirectory(atPath: path + folder, withIntermediateDirectories: true)
            }
            try FileManager.default.copyItem(atPath: Testbed.checkout + "/.build/swarmd", toPath: path + "/swarmd")
        }

        /// Starts swarmd in it; /proc is there for this process only.
        func start(_ words: [String]) throws -> RunningCommand {
            let script = "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" /swarmd \"$@\""
            return try RunningCommand("unshare", ["--mount", "sh", "-c", script, path] + words)
        }

        func run(_ words: [String]) async throws -> ProgramResult {
            try await start(words).wait(timeout: .seconds(60))
        }

        func remove() throws {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    @Test("it is one static file without symbols, of less than 30 MB")
    func file() async throws {
        let kind = try await run("file", [Testbed.checkout + "/.build/swarmd"])
        let size = try FileManager.default.attributesOfItem(atPath: Testbed.checkout + "/.build/swarmd")[.size] as? Int

        #expect(kind.output.contains("statically linked") && kind.output.contains(", stripped"), "\(kind)")
        #expect(try #require(size) < 30_000_000)
    }

    @Test(
        "join reaches a manager called localhost, and one called by a name, and leaves when it is stopped",
        arguments: [
            (host: "localhost", hosts: nil as String?), (host: "manager.test", hosts: "127.0.0.1 manager.test\n"),
        ]
    )
    func joins(host: String, hosts: String?) async throws {
        let root = try EmptyRoot()
        defer { try? root.remove() }
        if let hosts {
            try FileManager.default.createDirectory(atPath: root.path + "/etc", withIntermediateDirectories: true)
            try hosts.write(toFile: root.path + "/etc/hosts", atomically: true, encoding: .utf8)
        }
        let port = hosts == nil ? 23_901 : 23_902
        let url = "swarm://\(host):\(port)/lab"
        let manager = try root.start(["manage", "-H", "tcp://127.0.0.1:\(port)", "--state-dir", "/state", url])
        let agent = try root.start(["join", "--advertise", "127.0.0.1:23999", url])
        try await waitForLine("registered", of: agent)

        #expect(try await root.run(["list", url]).line == "127.0.0.1:23999")
        agent.kill(SIGTERM)
        #expect(await agent.wait(timeout: .seconds(60)).status == 0)
        #expect(try await root.run(["list", url]).line.isEmpty)

        manager.kill(SIGTERM)
        #expect(await manager.wait(timeout: .seconds(60)).status == 0)
    }

    @Test("a name that is not known is an error with its status, at once")
    func unknownName() async throws {
        let root = try EmptyRoot()
        defer { try? root.remove() }

        let result = try await root.run(["list", "swarm://nowhere.invalid:1/lab"])

        #expect(result.status == 13)
        #expect(result.errors.contains("the host name is not known"))
    }

    private func waitForLine(_ text: String, of command: RunningCommand) async throws {
        for await line in command.errorLines where line.contains(text) {
            return
        }
        Issue.record("\(await command.wait(timeout: .seconds(1)))")
    }
}
