// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import GoRPC
import MachineDrivers
import Machines
import SecureShell
import SwarmCore
import Synchronization
import Testing

/// The driver of plug-ins with the plug-in in Python, whose calls go wrong as planned.
@Suite("PluginDriver conformance", .serialized)
struct PluginConformanceIntegrationTests {
    @Test("the plugin driver keeps each promise that the protocol has words for", arguments: ConformanceCase.allCases)
    func plugin(promise: ConformanceCase) async throws {
        let folder = NSTemporaryDirectory() + "plugin-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let asked = Requests()
        let harness = DriverHarness(
            name: "plugin",
            driver: { FoundPlugin(folder: folder, asked: asked, plan: $0) },
            request: { asked.noted(CloudTest.request(["standin-token": CloudTest.secret])) },
            hostKind: "machine",
            hostCall: "Create",
            secrets: [CloudTest.secret],
            // Plug-ins tag nothing, keep ids in words of their own, and tell what failed in text.
            lacks: [.idSavedAtOnce, .collectGarbage, .quotaExceeded, .wrongCredentials, .rateLimit]
        )
        try await DriverConformance(harness).check(promise)
    }
}

/// What was asked for, in order.
private final class Requests: Sendable {
    private let all = Mutex<[MachineRequest]>([])

    var known: [MachineRequest] { all.withLock { $0 } }

    func noted(_ request: MachineRequest) -> MachineRequest {
        all.withLock { $0.append(request) }
        return request
    }
}

/// The plug-in's driver; what there is at its provider is read from the plug-in's own files.
private struct FoundPlugin: MachineDriver {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures").path

    let folder: String
    let asked: Requests
    let inner: PluginDriver

    init(folder: String, asked: Requests, plan: FaultPlan) {
        self.folder = folder
        self.asked = asked
        inner = PluginDriver(
            name: "standin",
            path: Self.fixtures + "/docker-machine-driver-standin",
            folder: folder,
            environment: ProcessInfo.processInfo.environment
        ) { method, call in
            // These never leave this host.
            guard !["GetVersion", "GetConfigRaw", "Close"].contains(method) else {
                return try await call()
            }
            try Task.checkCancellation()
            switch plan.fault(for: method) {
            case .cut: throw GoRPCError.connection(problem: "cut by the test")
            case .answerLost:
                try await call()
                throw GoRPCError.connection(problem: "cut by the test")
            case .timeout: throw DeadlineExceeded(operation: "waiting for \(method)")
            case .hang: try await ContinuousClock().sleep(for: .seconds(600))
            case .quotaExceeded, .wrongCredentials, .rateLimited, nil: try await call()
            }
        }
    }

    var name: String { inner.name }
    var summary: String { inner.summary }
    var options: [DriverOption] { inner.options }
    var makesHosts: Bool { inner.makesHosts }

    func preCreate(_ request: MachineRequest) async throws { try await inner.preCreate(request) }

    func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        try await inner.create(request, state: state, save: save)
    }

    func remove(_ machine: DriverMachine) async throws { try await inner.remove(machine) }
    func start(_ machine: DriverMachine) async throws { try await inner.start(machine) }
    func stop(_ machine: DriverMachine) async throws { try await inner.stop(machine) }
    func kill(_ machine: DriverMachine) async throws { try await inner.kill(machine) }
    func restart(_ machine: DriverMachine) async throws { try await inner.restart(machine) }
    func state(of machine: DriverMachine) async throws -> MachineState { try await inner.state(of: machine) }
    func address(of machine: DriverMachine) async throws -> String { try await inner.address(of: machine) }
    func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? { try await inner.sshAddress(of: machine) }

    func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let made = asked.known.filter { request in
            FileManager.default.fileExists(atPath: "\(folder)/machines/\(request.name)/standin.json")
        }
        return made.map { request in
            TaggedResource(
                kind: "machine",
                id: "id-\(request.name)",
                machine: request.name,
                cluster: request.cluster,
                machineID: request.id
            )
        }
    }
}
