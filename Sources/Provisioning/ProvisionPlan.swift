// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// What has to be done on a host, decided from what it is like and nothing else.
struct ProvisionPlan {
    /// For people, a line each, in the order of the steps.
    private(set) var lines: [String] = []

    /// Decides.
    ///
    /// - Throws: ``ProvisionError`` when the host cannot be made a node as it is.
    init(_ request: ProvisionRequest, facts: HostFacts) throws {
        let request = request.adapted(to: facts)
        let quiet = HostShell(request, deadline: .after(.zero)) { _, _ in }
        try Self.checkPorts(request, facts: facts)
        try Self.checkArchitecture(request, facts: facts)
        lines += [try InstallStep(request: request, shell: quiet).plan(facts)].compactMap(\.self)
        if let name = request.hostName, name != facts.system.hostName {
            lines.append("name the host \(name)")
        }
        let step = CertificateStep(request: request, shell: quiet)
        let need = step.plan(facts)
        switch need {
        case .certificate(let line), .trust(let line): lines.append(line)
        case nil: break
        }
        let mustRestart = need != nil && !step.isListOnly(facts) && request.front == nil
        lines += try EngineChange(request, facts: facts, mustRestart: mustRestart).lines
        lines += [FrontStep(request: request, shell: quiet).plan(facts)].compactMap(\.self)
        lines += [try FirewallStep(request: request, shell: quiet).plan(facts)].compactMap(\.self)
        lines += [StoreStep(request: request, shell: quiet).plan(facts)].compactMap(\.self)
        try planContainers(request, facts: facts)
        if !lines.isEmpty {
            try Self.checkRoom(request, facts: facts)
        }
    }

    /// What our own files take at most, the record of the old ones among them, in bytes.
    private static let roomNeeded: Int64 = 256 << 10

    private static func checkRoom(_ request: ProvisionRequest, facts: HostFacts) throws(ProvisionError) {
        for (path, free) in facts.system.freeSpace.sorted(by: { $0.key < $1.key }) where free < roomNeeded {
            throw ProvisionError(
                host: request.nodeName,
                step: .look,
                cause: .diskFull(path: path, free: ByteCount(free).iec)
            )
        }
    }

    private mutating func planContainers(_ request: ProvisionRequest, facts: HostFacts) throws {
        for spec in try ContainerSpec.wanted(request) {
            let existing = facts.engine.containers[spec.name]
            if existing == nil {
                lines.append("run the container \(spec.name)")
            } else if existing?.configuration != spec.configuration {
                lines.append("replace the container \(spec.name)")
            } else if existing?.isRunning != true {
                lines.append("start the container \(spec.name)")
            }
        }
    }

    /// A port that we need and another program has would only show up when the engine does not start.
    private static func checkPorts(_ request: ProvisionRequest, facts: HostFacts) throws(ProvisionError) {
        for port in request.listeningPorts {
            guard let listener = facts.network.listeners[port] else {
                continue
            }
            guard expected(at: port, request).contains(listener) else {
                throw ProvisionError(
                    host: request.nodeName,
                    step: .look,
                    cause: .portTaken(port: port, by: "\"\(listener)\"")
                )
            }
        }
    }

    /// The programs of ours that may listen at a port.
    private static func expected(at port: UInt16, _ request: ProvisionRequest) -> [String] {
        if port == request.enginePort {
            return ["dockerd", "swarmd"]
        }
        if request.store != nil, StoreSpec.ports.contains(port) {
            return ["etcd"]
        }
        return request.manager == nil ? [] : ["swarmd"]
    }

    private static func checkArchitecture(_ request: ProvisionRequest, facts: HostFacts) throws(ProvisionError) {
        let names = ["x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"]
        guard let image = request.image, request.agent != nil || request.manager != nil else {
            return
        }
        guard names[facts.system.architecture] == image.architecture else {
            throw ProvisionError(
                host: request.nodeName,
                step: .look,
                cause: .architectureNotSupported(facts.system.architecture)
            )
        }
    }
}
