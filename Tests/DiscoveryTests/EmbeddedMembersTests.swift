// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import DockerAPI
import Logging
import SwarmCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

struct EmbeddedMembersTests {
    private let folder = TemporaryFolder()

    @Test("members survive a restart, in a file for the owner only")
    func durable() async throws {
        let first = try EmbeddedMembers(folder: folder.path)
        try await first.register("10.0.0.2:2376", in: "lab", ttl: .seconds(60))
        try await first.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))
        try await first.register("10.0.0.9:2376", in: "other", ttl: .seconds(60))

        let second = try EmbeddedMembers(folder: folder.path)

        #expect(second.members(of: "lab").addresses == ["10.0.0.1:2376", "10.0.0.2:2376"])
        #expect(second.members(of: "other").addresses == ["10.0.0.9:2376"])
        var status = stat()
        #expect(stat(folder.path + "/members.json", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test("a member that is not heard of in time is removed, also from the file")
    func expiry() async throws {
        let members = try EmbeddedMembers(folder: folder.path)
        try await members.register("10.0.0.1:2376", in: "lab", ttl: .milliseconds(100))
        try await members.register("10.0.0.2:2376", in: "lab", ttl: .seconds(60))
        let (_, revision) = members.members(of: "lab")

        let expiry = Task {
            await members.expireForever(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        await members.waitForChange(from: revision, atMost: .seconds(10))
        expiry.cancel()

        #expect(members.members(of: "lab").addresses == ["10.0.0.2:2376"])
        #expect(try EmbeddedMembers(folder: folder.path).members(of: "lab").addresses == ["10.0.0.2:2376"])
    }

    @Test("registering again changes neither file nor revision")
    func heartbeatWritesNothing() async throws {
        let members = try EmbeddedMembers(folder: folder.path)
        try await members.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))
        let (_, revision) = members.members(of: "lab")
        unlink(folder.path + "/members.json")

        try await members.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))

        #expect(members.members(of: "lab").revision == revision)
        #expect(!AtomicFile.exists(folder.path + "/members.json"))
    }

    @Test("a file that is not ours is refused, not replaced", arguments: ["", "{", "{}", #"{"version":2}"#])
    func foreignFile(text: String) throws {
        try AtomicFile.write(text, to: folder.path + "/members.json")

        #expect(throws: DiscoveryError.self) { try EmbeddedMembers(folder: folder.path) }
        #expect(try AtomicFile.readText(folder.path + "/members.json") == text)
    }

    @Test("a folder that is not there is an error at once")
    func missingFolder() {
        #expect(throws: FileError.self) { try EmbeddedMembers(folder: folder.path + "/none") }
    }

    @Test("what is registered at once is on disk, written a few times")
    func groupedWriting() async throws {
        let members = try EmbeddedMembers(folder: folder.path)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask { try await members.register("n\(number):2376", in: "lab", ttl: .seconds(60)) }
            }
            try await group.waitForAll()
        }

        let (addresses, revision) = members.members(of: "lab")
        #expect(addresses.count == 500)
        #expect(revision < 250, "each revision is a writing of the file")
        #expect(try EmbeddedMembers(folder: folder.path).members(of: "lab").addresses == addresses)
    }

    @Test("a registration that cannot be written is refused, and nobody sees it")
    func fullDisk() async throws {
        let members = try EmbeddedMembers(folder: folder.path)
        try await members.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))
        unlink(folder.path + "/members.json")
        // A folder of that name cannot be replaced by a file.
        mkdir(folder.path + "/members.json", 0o700)
        defer { rmdir(folder.path + "/members.json") }

        await #expect(throws: FileError.self) {
            try await members.register("10.0.0.2:2376", in: "lab", ttl: .seconds(60))
        }

        try await members.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))
        #expect(members.members(of: "lab").addresses == ["10.0.0.1:2376"])
    }
}
