// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers
import SwarmCore
import Testing

/// OpenStack's own keystone, which runs as long as it is held, in front of a stand-in for the other services.
///
/// The stand-in is told of a request only when keystone says that its token is good.
final class Keystone: HTTPSending {
    /// What the script prints: address, ids and an application credential.
    let description: JSON
    private let server: Process
    private let input: Pipe
    private let folder: String
    private let services: StubProvider<OpenStackStub>
    private let http = HTTPClient()

    private init(_ description: JSON, _ server: Process, _ input: Pipe, _ folder: String) throws {
        self.description = description
        self.server = server
        self.input = input
        self.folder = folder
        services = try StubProvider(OpenStackStub(), schema: "openstack")
    }

    /// Starts it; the first time it is installed.
    static func start() async throws -> Keystone {
        let folder = NSTemporaryDirectory() + "keystone-\(UUID().uuidString)"
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Scripts/testbed/keystone.sh").standardizedFileURL
        let (server, input, output) = (Process(), Pipe(), Pipe())
        server.executableURL = script
        server.arguments = [folder]
        server.environment = ProcessInfo.processInfo.environment.merging(["LAB_PASSWORD": CloudTest.secret]) { $1 }
        server.standardInput = input
        server.standardOutput = output
        try server.run()
        let line = try await runBlocking {
            var data = Data()
            while !data.contains(UInt8(ascii: "\n")), case let more = output.fileHandleForReading.availableData,
                !more.isEmpty
            {
                data += more
            }
            return data
        }
        return try Keystone(try JSON(parsing: Array(line)), server, input, folder)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        server.terminate()
        server.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var url: String { description["url"].text ?? "" }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard !request.url.hasPrefix(url) else {
            return try await http.send(request)
        }
        let token = request.headers.first { $0.name == "X-Auth-Token" }?.value ?? ""
        var question = HTTPRequest("GET", "\(url)/auth/tokens")
        question.headers = [HTTPHeader("X-Auth-Token", token), HTTPHeader("X-Subject-Token", token)]
        let answer = try await http.send(question)
        guard answer.isSuccess, try JSON(parsing: answer.body)["token"]["project"]["name"] == "lab" else {
            return HTTPResponse(head: HTTPHead(status: 401))
        }
        var request = request
        request.headers.removeAll { $0.name == "X-Auth-Token" }
        request.headers.append(HTTPHeader("X-Auth-Token", OpenStackStub.token))
        return try await services.send(request)
    }
}
