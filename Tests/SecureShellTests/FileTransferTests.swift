// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SecureShell
import SwarmCore
import Testing

extension OverSSH {
    @Suite("Files over SFTP", .timeLimit(.minutes(2)))
    struct FileTransferTests {
        let server: TestServer
        let connection: SSHConnection

        init() async throws {
            server = try await TestServer()
            connection = try await server.connect()
        }

        private var soon: Deadline { .after(.seconds(60)) }

        private func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }

        private func hash(_ path: String) throws -> String {
            String(try shell("sha256sum < '\(path)'").output)
        }

        @Test("100 MiB go up and come down whole")
        func bigFile() async throws {
            try #require(try shell("head -c 104857600 /dev/urandom > '\(server.path("big"))'").status == 0)

            try await connection.upload(server.path("big"), to: server.path("up"), mode: 0o640, deadline: soon)
            try await connection.download(server.path("up"), to: server.path("down"), deadline: soon)

            #expect(try hash(server.path("up")) == hash(server.path("big")))
            #expect(try hash(server.path("down")) == hash(server.path("big")))
            #expect(try mode(server.path("up")) == 0o640)
            #expect(try mode(server.path("down")) == 0o640)
        }

        @Test(
            "bytes replace a file, whatever its size, and leave nothing beside it",
            arguments: [0, 1, 32768, 100_001]
        )
        func bytes(size: Int) async throws {
            let folder = server.path("folder")
            try AtomicFile.makeFolder(folder)
            try AtomicFile.write("old", to: "\(folder)/file", mode: 0o644)
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }

            try await connection.upload(bytes, to: "\(folder)/file", mode: 0o600, deadline: soon)

            #expect(try AtomicFile.read("\(folder)/file") == bytes)
            #expect(try await connection.read("\(folder)/file", deadline: soon) == bytes)
            #expect(try mode("\(folder)/file") == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }

        @Test("a full disk is said so, and the old file stays")
        func fullDisk() async throws {
            let folder = server.path("small")
            try AtomicFile.makeFolder(folder)
            try #require(try shell("mount -t tmpfs -o size=1m tmpfs '\(folder)'").status == 0)
            defer { _ = try? shell("umount '\(folder)'") }
            try AtomicFile.write("old", to: "\(folder)/file")

            let error = await #expect(throws: SSHError.self) {
                try await connection.upload(
                    [UInt8](repeating: 1, count: 4 << 20),
                    to: "\(folder)/file",
                    mode: 0o600,
                    deadline: soon
                )
            }

            #expect(error == .remoteFile(server.endpoint, action: "write", path: "\(folder)/file", .diskFull))
            #expect(error?.hint?.contains("df -h") == true)
            #expect(try AtomicFile.readText("\(folder)/file") == "old")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }

        @Test("what is not there, or is a folder, is named")
        func missing() async throws {
            let path = server.path("none/file")

            await #expect(throws: SSHError.remoteFile(server.endpoint, action: "write", path: path, .notFound)) {
                try await connection.upload([1], to: path, mode: 0o600, deadline: soon)
            }
            await #expect(throws: SSHError.remoteFile(server.endpoint, action: "read", path: path, .notFound)) {
                try await connection.read(path, deadline: soon)
            }
            await #expect(throws: SSHError.self) { try await connection.read(server.folder, deadline: soon) }
            await #expect(throws: SSHError.self) {
                try await connection.read(server.keyPath, limit: 10, deadline: soon)
            }
            await #expect(throws: FileError.self) {
                try await connection.upload(path, to: server.path("x"), mode: 0o600, deadline: soon)
            }
            #expect(!AtomicFile.exists(server.path("x")))
        }

        @Test("a folder is copied with all that is in it, both ways")
        func trees() async throws {
            let made = try shell(
                """
                cd '\(server.folder)' && mkdir -p tree/a/b tree/empty target && echo 1 > tree/one && echo 2 > tree/a/two
                chmod 755 tree/a/two && head -c 70000 /dev/zero > tree/a/b/three && ln -s .. tree/a/loop && ln -s one tree/link
                """
            )
            try #require(made.status == 0, "\(made.output)")

            try await connection.uploadTree(server.path("tree"), to: server.path("target"), deadline: soon)
            try await connection.downloadTree(server.path("target/tree"), to: server.path("back"), deadline: soon)

            let compared = try shell(
                "cd '\(server.folder)' && rm tree/a/loop && diff -r tree target/tree && diff -r tree back"
            )
            #expect(compared.status == 0, "\(compared.output)")
            #expect(try mode(server.path("back/a/two")) == 0o755)
        }

        @Test("transfers and commands run side by side on one session")
        func sideBySide() async throws {
            try #require(try shell("head -c 20000000 /dev/urandom > '\(server.path("big"))'").status == 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<5 {
                    group.addTask { [connection, server] in
                        let deadline = Deadline.after(.seconds(60))
                        try await connection.upload(
                            server.path("big"),
                            to: server.path("up\(index)"),
                            mode: 0o600,
                            deadline: deadline
                        )
                        let sum = try await connection.run(
                            "sha256sum < '\(server.path("up\(index)"))'",
                            deadline: deadline
                        )
                        #expect(try sum.standardOutput == shell("sha256sum < '\(server.path("big"))'").output)
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
