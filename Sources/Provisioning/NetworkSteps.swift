// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import SwarmCore

/// Steps 8 to 10, which go through the network and not through the shell: the engine answers, our containers run, the
/// manager sees the node.
struct NetworkSteps {
    let request: ProvisionRequest
    let sender: any HTTPSending
    let deadline: Deadline
    let progress: ProvisionProgress

    private var engine: EngineClient {
        EngineClient(
            sender: sender,
            endpoint: EngineEndpoint(host: request.address, port: request.enginePort),
            connectTo: request.endpoint,
            identity: request.client,
            deadline: deadline
        )
    }

    /// Calls the engine at the address that will be registered.
    func verify() async throws -> EngineVersion {
        progress(.verify, .started)
        let place = request.engineEndpoint.url
        do {
            try await engine.ping()
            guard let version = try await engine.version() else {
                throw failure(.verify, .notAnswering(endpoint: place, reason: "no version", kind: .failed))
            }
            progress(.verify, .unchanged)
            return version
        } catch let error as HTTPError {
            throw failure(.verify, .notAnswering(endpoint: place, reason: error.message, kind: error.kind))
        } catch let error as EngineClient.Refused {
            let reason = "\(error.call) gave \(error.status): \(error.reason)"
            throw failure(.verify, .notAnswering(endpoint: place, reason: reason, kind: .failed))
        }
    }

    /// Runs our containers; those that are as they should be are left alone.
    ///
    /// - Returns: what was changed, a line each.
    /// - Throws: ``ProvisionError``.
    func runContainers() async throws -> [String] {
        progress(.agent, .started)
        guard let image = request.image, request.agent != nil || request.manager != nil else {
            progress(.agent, .skipped("no agent is wanted"))
            return []
        }
        do {
            let changes = try await runContainers(image)
            progress(.agent, changes.isEmpty ? .unchanged : .changed(changes))
            return changes
        } catch let error as EngineClient.Refused {
            throw failure(.agent, .engineRefused(call: error.call, status: error.status, reason: error.reason))
        } catch let error as HTTPError {
            let place = request.engineEndpoint.url
            throw failure(.agent, .notAnswering(endpoint: place, reason: error.message, kind: error.kind))
        }
    }

    private func runContainers(_ image: SwarmdImage) async throws -> [String] {
        let engine = engine
        var changes: [String] = []
        if try await !engine.hasImage(image.tag) {
            progress(.agent, .detail("loading \(image.tag) (\(ByteCount(image.size).iec))"))
            try await engine.load(image)
            changes.append("loaded \(image.tag)")
        }
        for spec in try ContainerSpec.wanted(request) {
            if let change = try await run(spec) {
                changes.append(change)
            }
        }
        if request.manager == nil, try await engine.inspect(ContainerSpec.managerName) != nil {
            try await engine.remove(ContainerSpec.managerName)
            changes.append("removed \(ContainerSpec.managerName)")
        }
        if !changes.isEmpty {
            for tag in try await engine.tags(of: "swarmd") where tag != image.tag {
                try await engine.removeImage(tag)
            }
        }
        return changes
    }

    private func run(_ spec: ContainerSpec) async throws -> String? {
        let engine = engine
        let existing = try await engine.inspect(spec.name)
        if existing?["Config"]?["Labels"]?[ContainerSpec.label] == .string(spec.configuration) {
            guard existing?["State"]?["Running"] != .bool(true) else {
                return nil
            }
            try await engine.start(spec.name)
            try await checkStays(spec)
            return "started \(spec.name)"
        }
        progress(.agent, .detail("starting \(spec.name)"))
        if existing != nil {
            try await engine.remove(spec.name)
        }
        try await engine.create(spec.name, spec.description)
        try await engine.start(spec.name)
        try await checkStays(spec)
        return existing == nil ? "started \(spec.name)" : "replaced \(spec.name)"
    }

    /// Looks twice, half a second apart: a program that cannot start ends within that, and is restarted forever.
    private func checkStays(_ spec: ContainerSpec) async throws {
        try await ContinuousClock().sleep(for: .milliseconds(500))
        let state = try await engine.inspect(spec.name)
        let isRunning = state?["State"]?["Running"] == .bool(true) && state?["State"]?["Restarting"] != .bool(true)
        guard !isRunning || state?["RestartCount"] != .number("0") else {
            return
        }
        let lines = try await engine.lastLines(of: spec.name).split(whereSeparator: \.isNewline).joined(separator: "; ")
        throw failure(.agent, .containerDidNotStay(name: spec.name, reason: lines.isEmpty ? "it wrote nothing" : lines))
    }

    /// Waits until the manager calls the node Healthy.
    func waitUntilRegistered() async throws {
        progress(.registered, .started)
        guard let check = request.registration else {
            progress(.registered, .skipped("no manager is named"))
            return
        }
        let limit = deadline.capped(at: check.timeout)
        let manager = EngineClient(
            sender: sender,
            endpoint: check.manager,
            connectTo: nil,
            identity: request.client,
            deadline: limit
        )
        var reason = ""
        repeat {
            do {
                let status = NodeStatus.find(
                    EngineEndpoint(host: request.address, port: request.enginePort),
                    in: try await manager.systemStatus()
                )
                if status?.isHealthy == true {
                    progress(.registered, .unchanged)
                    return
                }
                reason = status?.text ?? "the manager does not know \(request.address):\(request.enginePort)"
            } catch let error as HTTPError where error.isTransient {
                reason = error.message
            } catch let error as HTTPError {
                throw failure(.registered, .notRegistered(manager: check.manager.url, reason: error.message))
            } catch let error as EngineClient.Refused {
                reason = "\(error.call) gave \(error.status): \(error.reason)"
            }
            progress(.registered, .detail(reason))
            // The manager has no event for this; a node shows up within its heartbeat.
            try await ContinuousClock().sleep(for: .milliseconds(300))
        } while !limit.hasPassed
        throw failure(.registered, .notRegistered(manager: check.manager.url, reason: reason))
    }

    private func failure(_ step: ProvisionStep, _ cause: ProvisionError.Cause) -> ProvisionError {
        ProvisionError(host: request.nodeName, step: step, cause: cause)
    }
}
