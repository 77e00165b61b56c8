// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers
import Machines
import PKI
import SecureShell
import SwarmCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The `local` driver on a real engine: the testbed's, or the one in `SWARMCTL_LOCAL_DOCKER_HOST`.
@Suite("LocalDriver on an engine", .serialized)
struct LocalDriverIntegrationTests {
    private static let client = HTTPClient()
    private static let environment = ["SWARMCTL_LOCAL_DOCKER_HOST", "SWARMCTL_TESTBED", "SWARMCTL_TEST_ENGINE"]
        .reduce(into: [String: String]()) { environment, name in
            environment[name] = getenv(name).map { String(cString: $0) }
        }

    private let conformance = DriverConformance(
        DriverHarness(
            name: "local",
            driver: { LocalDriver(http: FaultingSender.path(to: client, plan: $0), environment: environment) },
            request: { Self.request() },
            hostKind: "container",
            hostCall: "POST /containers/create",
            // An engine on a socket has no accounts, no quota and no rate limit.
            lacks: [.quotaExceeded, .wrongCredentials, .rateLimit],
            isSlow: true
        )
    )

    /// With the engine named, none is looked for.
    private static let standard = ["local-network": "swarmctl-driver-tests"]
        .merging(environment["SWARMCTL_TEST_ENGINE"].map { ["local-docker-host": $0] } ?? [:]) { $1 }

    private static func request(_ options: [String: String] = [:]) -> MachineRequest {
        let id = String(UInt64.random(in: .min ... .max), radix: 16)
        return MachineRequest(
            name: "t-\(id.prefix(6))",
            id: id,
            cluster: "driver-tests",
            options: options.merging(standard) { given, _ in given },
            authorizedKey: "ssh-ed25519 AAAA test",
            hostKey: HostKey(privateKey: "not a key\n", publicKey: "ssh-ed25519 AAAA"),
            ports: [22, 2376]
        )
    }

    @Test("the local driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func conformance(promise: ConformanceCase) async throws {
        try await conformance.check(promise)
    }

    @Test("a host has our host key and lets only our key in, from its first start")
    func keys() async throws {
        var request = Self.request()
        let hostKey = try SSHKeyPair.generate(comment: "host")
        request.hostKey = HostKey(
            privateKey: String(decoding: hostKey.privateKey, as: UTF8.self),
            publicKey: hostKey.publicKey
        )
        let driver = LocalDriver(http: Self.client, environment: Self.environment)
        let state = try await driver.create(request, state: [:]) { _ in }
        let machine = DriverMachine(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
        let address = try await driver.address(of: machine)

        let offered = try await scannedKey(of: address)

        let blob = hostKey.publicKey.split(separator: " ")[1]
        #expect(offered.contains(blob))
        try await driver.remove(machine)
    }

    @Test("ten hosts made at once get ten addresses")
    func manyAtOnce() async throws {
        let driver = LocalDriver(http: Self.client, environment: Self.environment)
        let requests = (0..<10).map { _ in Self.request() }
        let states = try await withThrowingTaskGroup(of: DriverState.self) { group in
            for request in requests {
                group.addTask { try await driver.create(request, state: [:]) { _ in } }
            }
            return try await group.reduce(into: [DriverState]()) { $0.append($1) }
        }

        #expect(Set(states.compactMap { $0["address"] }).count == 10)
        for request in requests {
            let machine = DriverMachine(
                name: request.name,
                id: request.id,
                cluster: request.cluster,
                options: request.options,
                state: [:]
            )
            try await driver.remove(machine)
        }
    }

    @Test("an image that nobody can make is refused before anything is made")
    func missingImage() async throws {
        let driver = LocalDriver(http: Self.client, environment: Self.environment)

        let error = try await #require(throws: MachineError.self) {
            try await driver.preCreate(Self.request(["local-image": "swarmctl-tests/none:1"]))
        }

        #expect(error.kind == .preCreateCheck)
        #expect(error.hint?.contains("pull swarmctl-tests/none:1") == true)
    }

    /// What `ssh-keyscan` gets from a host that is just starting.
    private func scannedKey(of address: String) async throws -> String {
        let deadline = Deadline.after(.seconds(60))
        while !deadline.hasPassed {
            let output = try await runBlocking { () -> String in
                guard let pipe = popen("ssh-keyscan -T 2 -t ed25519 \(address) 2>/dev/null", "r") else {
                    return ""
                }
                defer { pclose(pipe) }
                var buffer = [CChar](repeating: 0, count: 4096)
                guard fgets(&buffer, Int32(buffer.count), pipe) != nil else {
                    return ""
                }
                return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
            if output.contains("ssh-ed25519") {
                return output
            }
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
        return ""
    }
}
