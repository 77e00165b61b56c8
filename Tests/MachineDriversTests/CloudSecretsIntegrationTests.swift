// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers
import Synchronization
import Testing

/// The real swarmctl on stand-ins for clouds, reached under the clouds' own names: where their secrets are not.
@Suite("Secrets of clouds", .serialized)
struct CloudSecretsIntegrationTests {
    @Test(
        "no secret is in the store, the output at its most talkative, errors that repeat it, or argv",
        arguments: CloudAccount.all
    )
    func secrets(account: CloudAccount) async throws {
        let folder = NSTemporaryDirectory() + "swarmctl-secrets-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cloud = TalkativeCloud(try account.cloud())
        let proxy = try await ProviderProxy(hosts: account.hosts) { await cloud.answer($0) }
        try Data(proxy.authority).write(to: URL(fileURLWithPath: "\(folder)/ca.pem"))
        try Data("\(CloudTest.secret)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/token"))
        let reach = ["https_proxy": proxy.url, "SSL_CERT_FILE": "\(folder)/ca.pem", "LAB_FOLDER": folder]
        let swarmctl = CommandRun(store: "\(folder)/store", environment: account.environment.merging(reach) { $1 })
        let options = ["--no-provision", "--driver", account.driver] + account.options(folder)

        let made = try await swarmctl.run(["create", "machine", "box"] + options)
        #expect(made.status == 0, "\(made.text)")
        let shown = try await swarmctl.run(["inspect", "box"])
        cloud.say(401, toTokens: true)
        let unknown = try await swarmctl.run(["stop", "box"])
        cloud.say(403)
        let forbidden = try await swarmctl.run(["create", "machine", "other"] + options)
        cloud.say(500)
        let broken = try await swarmctl.run(["rm", "-y", "box"])
        let files = swarmctl.files(with: account.secrets)
        cloud.beSound()
        let stopped = try await swarmctl.run(["stop", "box"])
        let removed = try await swarmctl.run(["rm", "-y", "box"])

        #expect(unknown.status == 14 && forbidden.status == 14, "\(unknown.text)\(forbidden.text)")
        #expect(broken.status != 0 && broken.status != 70, "\(broken.text)")
        #expect(forbidden.text.contains("[secret]"), "what was hidden was said: \(forbidden.text)")
        #expect(stopped.status == 0 && removed.status == 0, "\(stopped.text)\(removed.text)")
        #expect(files.isEmpty, "in the store: \(files)")
        for run in [made, shown, unknown, forbidden, broken, stopped, removed] {
            #expect(!account.secrets.contains(where: run.text.contains), "in the output: \(run.text)")
            #expect(!run.arguments.contains { line in account.secrets.contains(where: line.contains) }, "in argv")
            #expect(run.arguments.contains { $0.contains("swarmctl") }, "command lines were seen")
        }
    }
}

/// A cloud that can be made to refuse everything, in words that repeat all that it was given.
private final class TalkativeCloud: Sendable {
    private struct Mood {
        /// `nil` while it answers as it should.
        var status: Int?
        var refusesTokens = false
    }

    private let cloud: any HTTPSending
    private let mood = Mutex(Mood())

    init(_ cloud: any HTTPSending) {
        self.cloud = cloud
    }

    func beSound() { mood.withLock { $0 = Mood() } }

    /// Answers everything with `status` from now on; requests for tokens too, or not.
    func say(_ status: Int, toTokens: Bool = false) {
        mood.withLock { $0 = Mood(status: status, refusesTokens: toTokens) }
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let mood = mood.withLock { $0 }
        let isForToken = request.url.hasSuffix("/token") || request.url.hasSuffix("/auth/tokens")
        if let status = mood.status, mood.refusesTokens || !isForToken {
            return Self.repeating(request, status)
        }
        do {
            return try await cloud.send(request)
        } catch {
            Issue.record(error)
            return HTTPResponse(head: HTTPHead(status: 500))
        }
    }

    /// Said so often that wherever a text is cut, it is in the middle of a secret somewhere.
    private static func repeating(_ request: HTTPRequest, _ status: Int) -> HTTPResponse {
        var given = request.headers.filter { ["authorization", "x-auth-token"].contains($0.name.lowercased()) }
            .map(\.value)
        if case .bytes(let bytes) = request.body {
            given.append(String(decoding: bytes, as: UTF8.self))
        }
        let words = JSON.string(String(repeating: "you sent \(given.joined(separator: " and ")) ", count: 40))
        // The members of all providers' documents; each reads its own.
        let document: JSON = [
            "id": "refused", "message": words, "error_description": words,
            "error": ["code": "refused", "message": words, "errors": [["reason": "refused", "message": words]]],
        ]
        return HTTPResponse(head: HTTPHead(status: status), body: (try? document.bytes()) ?? [])
    }
}

/// A driver, and credentials as a user gives them.
struct CloudAccount: Sendable, CustomTestStringConvertible {
    let driver: String
    let hosts: [String]
    /// Beginnings of all secrets, tokens of the providers among them.
    let secrets: [String]
    let environment: [String: String]
    /// Flags; given a folder that has the file `token`.
    let options: @Sendable (_ folder: String) -> [String]
    let cloud: @Sendable () throws -> any HTTPSending

    var testDescription: String { driver }

    /// Enough of a secret to know it by: a text that is cut must not end in it either.
    private static let beginning = String(CloudTest.secret.prefix(10))

    static let all = [
        CloudAccount(
            driver: "digitalocean",
            hosts: ["api.digitalocean.com"],
            secrets: [beginning],
            environment: [:],
            options: { ["--digitalocean-access-token", "file:\($0)/token"] },
            cloud: { try StubProvider(DigitalOceanStub(), schema: "digitalocean") }
        ),
        CloudAccount(
            driver: "hetzner",
            hosts: ["api.hetzner.cloud"],
            secrets: [beginning],
            environment: [:],
            options: { _ in ["--hetzner-api-token", #"cmd:cat "$LAB_FOLDER/token""#] },
            cloud: { try StubProvider(HetznerStub(), schema: "hetzner") }
        ),
        CloudAccount(
            driver: "openstack",
            hosts: ["cloud.example"],
            secrets: [beginning, "gAAAA-"],
            environment: Dictionary(
                uniqueKeysWithValues: OpenStackStub.options.map { option, value in
                    ("OS_" + option.dropFirst("openstack-".count).uppercased().replacing("-", with: "_"), value)
                }
            ).merging(["OS_NETWORK_NAME": "inside"]) { $1 },
            options: { _ in [] },
            cloud: { try StubProvider(OpenStackStub(), schema: "openstack") }
        ),
        CloudAccount(
            driver: "google",
            hosts: ["compute.googleapis.com", "oauth2.example"],
            // The first line of the key's text, the token, and any assertion.
            secrets: [GoogleStub.keyLine, "ya29.", "eyJhbGci"],
            environment: ["GOOGLE_AUTH_ENCODED_JSON": GoogleStub.account],
            options: { _ in [] },
            cloud: { try StubProvider(GoogleStub(), schema: "google") { $0.path != "/token" } }
        ),
        CloudAccount(
            driver: "azure",
            hosts: ["management.azure.com", "login.microsoftonline.com"],
            secrets: [beginning, "eyJ0-"],
            environment: [
                "AZURE_SUBSCRIPTION_ID": "sub-1", "AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1",
                "AZURE_CLIENT_SECRET": CloudTest.secret,
            ],
            options: { _ in [] },
            cloud: { try StubProvider(AzureStub(), schema: "azure") { !$0.path.hasSuffix("/token") } }
        ),
    ]
}
