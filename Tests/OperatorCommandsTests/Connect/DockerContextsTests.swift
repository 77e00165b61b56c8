// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Foundation
import OperatorCommands
import SwarmCore
import Testing

@Suite("context")
struct DockerContextsTests {
    @Test("the docker CLI sees the context, its endpoint and its certificates")
    func seenByDocker() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        try bench.makeCertificates(for: "lab")
        let environment = ["DOCKER_CONFIG": bench.folder + "/docker"]

        try await ContextCommand.parse(["lab", "--use"]).execute(in: bench.context(environment))

        let docker = try #require(LivePrograms(path: "/usr/bin:/usr/local/bin").find("docker"))
        let listed = try await runProgram(
            docker,
            ["context", "ls", "--format", "{{.Name}} {{.Current}} {{.DockerEndpoint}}"],
            environment: environment
        )
        #expect(listed.output.contains("lab true tcp://10.0.0.1:3376"), "\(listed)")
        let inspected = try await runProgram(docker, ["context", "inspect", "lab"], environment: environment)
        let contexts = try JSONValue(parsing: Array(inspected.output.utf8))
        let files = contexts.elements.first?["TLSMaterial"]["docker"].elements.compactMap(\.string).sorted()
        #expect(files == ["ca.pem", "cert.pem", "key.pem"])
        let key = try #require(contexts.elements.first?["Storage"]["TLSPath"].string) + "/docker/key.pem"
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("removing the context in use leaves the rest of docker's configuration")
    func remove() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        try bench.makeCertificates(for: "lab")
        let folder = bench.folder + "/docker"
        try AtomicFile.makeFolder(folder)
        try AtomicFile.write(#"{"auths":{"r":{"auth":"x"}}}"#, to: folder + "/config.json")
        let context = bench.context(["DOCKER_CONFIG": folder])
        try await ContextCommand.parse(["lab", "--use"]).execute(in: context)

        try await ContextCommand.parse(["lab", "--rm"]).execute(in: context)

        let left = try JSONValue(parsing: AtomicFile.read(folder + "/config.json"))
        #expect(left == .object(["auths": .object(["r": .object(["auth": .string("x")])])]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/contexts/meta").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/contexts/tls").isEmpty)
    }

    @Test("a context that somebody else made is never changed")
    func foreign() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        try bench.makeCertificates(for: "lab")
        let environment = ["DOCKER_CONFIG": bench.folder + "/docker"]
        let docker = try #require(LivePrograms(path: "/usr/bin:/usr/local/bin").find("docker"))
        let made = try await runProgram(
            docker,
            ["context", "create", "lab", "--docker", "host=tcp://other:2376"],
            environment: environment
        )
        try #require(made.status == 0, "\(made)")

        for words in [["lab"], ["lab", "--rm"]] {
            await #expect(throws: OperatorError.foreignContext(name: "lab")) {
                try await ContextCommand.parse(words).execute(in: bench.context(environment))
            }
        }
    }

    @Test("names that docker does not take are refused", arguments: ["x", "default", "a b", "-ab"])
    func badNames(name: String) async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        try bench.makeCertificates(for: "lab")

        let error = try await #require(throws: OperatorError.self) {
            try await ContextCommand.parse(["lab", "--as=\(name)"]).execute(in: bench.context())
        }
        #expect(error.kind == .usage)
    }

    @Test("active finds the cluster by DOCKER_HOST, then by the context in use")
    func active() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")
        try bench.makeCertificates(for: "lab")
        let environment = ["DOCKER_CONFIG": bench.folder + "/docker"]
        await #expect(throws: OperatorError.nothingActive) {
            try await ActiveCommand.parse([]).execute(in: bench.context(environment))
        }

        try await ActiveCommand.parse([]).execute(in: bench.context(["DOCKER_HOST": "tcp://10.0.0.2:2376"]))
        try await ContextCommand.parse(["lab", "--use"]).execute(in: bench.context(environment))
        try await ActiveCommand.parse([]).execute(in: bench.context(environment))

        #expect(bench.terminal.output == ["lab-2", "lab", "lab"])
    }
}
