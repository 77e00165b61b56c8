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
    func durable() throws {
        let first = try EmbeddedMembers(folder: folder.path)
        try first.register("10.0.0.2:2376", in: "lab", ttl: .seconds(60))
        try first.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))
        try first.register("10.0.0.9:2376", in: "other", ttl: .seconds(60))

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
        try members.register("10.0.0.1:2376", in: "lab", ttl: .milliseconds(100))
        try members.register("10.0.0.2:2376", in: "lab", ttl: .seconds(60))
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
    func heartbeatWritesNothing() throws {
        let members = try EmbeddedMembers(folder: folder.path)
        try members.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))
        let (_, revision) = members.members(of: "lab")
        unlink(folder.path + "/members.json")

        try members.register("10.0.0.1:2376", in: "lab", ttl: .seconds(60))

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

    @Test(
        "wrong calls are answered with the status that says why",
        arguments: [
            (method: "GET", target: "/swarmd/v1/clusters/lab", status: 404),
            (method: "GET", target: "/swarmd/v1/clusters/a%2Fb/members", status: 404),
            (method: "POST", target: "/swarmd/v1/clusters/lab/members", status: 405),
            (method: "PUT", target: "/swarmd/v1/clusters/lab/members/nonsense?ttl=5", status: 400),
            (method: "PUT", target: "/swarmd/v1/clusters/lab/members/a%3A1", status: 400),
            (method: "PUT", target: "/swarmd/v1/clusters/lab/members/a%3A1?ttl=0", status: 400),
            (method: "PUT", target: "/swarmd/v1/clusters/lab/members/a%3A1?ttl=99999999", status: 400),
            (method: "GET", target: "/swarmd/v1/clusters/lab/members/a%3A1", status: 404),
            (method: "PUT", target: "/swarmd/v1/clusters/lab/members/a%3A1?ttl=60", status: 204),
            (method: "DELETE", target: "/swarmd/v1/clusters/lab/members/a%3A1", status: 204),
        ]
    )
    func wrongCalls(method: String, target: String, status: Int) async throws {
        let api = EmbeddedAPI(members: try EmbeddedMembers(folder: folder.path))

        #expect(await api.reply(method: method, target: target)?.status == status)
    }

    @Test("paths of the Docker API are left to others")
    func otherPaths() async throws {
        let api = EmbeddedAPI(members: try EmbeddedMembers(folder: folder.path))

        #expect(await api.reply(method: "GET", target: "/v1.41/info") == nil)
    }
}
