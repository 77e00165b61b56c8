// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers
import Machines
import SwarmCore
import Synchronization
import Testing

/// The `amazonec2` driver on moto's server.
@Suite("AmazonEC2Driver on moto", .serialized, MotoServer())
struct AmazonEC2IntegrationTests {
    private static let client = HTTPClient()
    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    private static func driver(_ plan: FaultPlan) -> AmazonEC2Driver {
        let sender = FaultingSender.path(to: client, plan: plan, refusal: refusal, describe: action)
        return AmazonEC2Driver(http: sender, environment: [:], patience: Patience(interval: .milliseconds(20)))
    }

    private static func request(_ options: [String: String] = [:]) -> MachineRequest {
        let id = UUID().uuidString.lowercased()
        let standard = [
            "amazonec2-access-key": "AKIAIOSFODNN7EXAMPLE", "amazonec2-secret-key": secret,
            "amazonec2-endpoint": MotoServer.endpoint,
            // One of the images that moto knows.
            "amazonec2-ami": "ami-12c6146b",
        ]
        return MachineRequest(
            name: "lab-\(id.prefix(4))",
            id: id,
            cluster: "lab",
            options: standard.merging(options) { $1 },
            authorizedKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGSIjzVyfEtEWdNXSuTWEDAFsuUmUMqaYSSsZ2Rtuxui swarmctl",
            hostKey: HostKey(privateKey: "secret of the host\n", publicKey: "ssh-ed25519 AAAA"),
            ports: [22, 2376, 3376]
        )
    }

    /// The name of EC2's action.
    @Sendable private static func action(_ request: HTTPRequest) -> String {
        guard case .bytes(let body) = request.body else {
            return request.method
        }
        return String(decoding: body, as: UTF8.self).split(separator: "&").first.map(String.init) ?? ""
    }

    @Sendable private static func refusal(_ fault: Fault) -> HTTPResponse? {
        let (status, code): (Int, String) =
            switch fault {
            case .quotaExceeded: (400, "VcpuLimitExceeded")
            case .wrongCredentials: (401, "AuthFailure")
            default: (429, "RequestLimitExceeded")
            }
        var head = HTTPHead(status: status)
        if case .rateLimited(let seconds) = fault {
            head.headers = [HTTPHeader("Retry-After", "\(seconds)")]
        }
        let text =
            "<Response><Errors><Error><Code>\(code)</Code><Message>\(secret)</Message></Error></Errors></Response>"
        return HTTPResponse(head: head, body: Array(text.utf8))
    }

    @Test("the amazonec2 driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func conformance(promise: ConformanceCase) async throws {
        let harness = DriverHarness(
            name: "amazonec2",
            driver: { Self.driver($0) },
            request: { Self.request() },
            hostKind: "instance",
            hostCall: "Action=RunInstances",
            secrets: [Self.secret, "secret of the host"]
        )
        try await DriverConformance(harness).check(promise)
    }

    @Test("an instance has its key pair, rules, tags and metadata service from its first moment")
    func launch() async throws {
        let plan = FaultPlan()
        var request = Self.request(["amazonec2-tags": "team,blue", "amazonec2-open-port": "8080"])
        request.allowFrom = ["192.0.2.0/24", "2001:db8::/32"]

        let state = try await Self.driver(plan).create(request, state: [:]) { _ in }

        #expect(!plan.calls.contains("Action=CreateTags"), "tags are there at creation")
        let instance = try #require(try await ask("DescribeInstances", ("InstanceId.1", state["id"] ?? "")))
        for part in [
            "<keyName>swarmctl-lab-", "<key>swarmctl-id</key><value>\(request.id)</value>",
            "<key>Name</key><value>\(request.name)</value>", "<key>team</key><value>blue</value>",
            "<httpTokens>required</httpTokens>", "<instanceType>t3.small</instanceType>",
        ] {
            #expect(instance.contains(part), "\(part)")
        }
        let group = try #require(try await ask("DescribeSecurityGroups", ("GroupId.1", state["security-group"] ?? "")))
        for port in [22, 2376, 3376, 8080] {
            #expect(group.contains("<fromPort>\(port)</fromPort><toPort>\(port)</toPort>"), "\(port)")
        }
        #expect(group.contains("<cidrIp>192.0.2.0/24</cidrIp>") && group.contains("2001:db8::/32"))
        #expect(!group.contains("<fromPort>22</fromPort><toPort>22</toPort><groups/><ipRanges><item><cidrIp>0.0.0.0/0"))
        try await Self.driver(FaultPlan()).remove(DriverMachine(request: request, state: state))
    }

    @Test("a spot instance is asked for at the price given, and removed like any other")
    func spot() async throws {
        let request = Self.request(["amazonec2-request-spot-instance": "true", "amazonec2-spot-price": "0.11"])
        let driver = Self.driver(FaultPlan())

        let state = try await driver.create(request, state: [:]) { _ in }

        let instance = try #require(try await ask("DescribeInstances", ("InstanceId.1", state["id"] ?? "")))
        #expect(instance.contains("<instanceLifecycle>spot</instanceLifecycle>"))
        try await driver.remove(DriverMachine(request: request, state: state))
        #expect(try await driver.tagged(options: request.options).isEmpty)
    }

    @Test("groups and key pairs that the user has are used and stay")
    func givenGroups() async throws {
        let mine = Self.request()
        let driver = Self.driver(FaultPlan())
        let first = try await driver.create(mine, state: [:]) { _ in }
        let name = Tag.objectName(mine.name, mine.id)
        let request = Self.request(["amazonec2-security-group": name, "amazonec2-keypair-name": name])

        let state = try await driver.create(request, state: [:]) { _ in }

        #expect(state["security-group"] == nil)
        try await driver.remove(DriverMachine(request: request, state: state))
        let left = try await driver.tagged(options: mine.options)
        #expect(Set(left.map(\.kind)) == ["instance", "security group", "key pair"])
        try await driver.remove(DriverMachine(request: mine, state: first))
    }

    /// The text of moto's answer without white space between elements; moto checks no signature.
    private func ask(_ action: String, _ parameter: (String, String)) async throws -> String? {
        var request = HTTPRequest("POST", MotoServer.endpoint + "/")
        request.headers = [
            HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
            HTTPHeader("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/ec2/aws4_request, X=Y"),
        ]
        request.body = .bytes(Array("Action=\(action)&Version=2016-11-15&\(parameter.0)=\(parameter.1)".utf8))
        let response = try await Self.client.send(request)
        return response.text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined()
    }
}
