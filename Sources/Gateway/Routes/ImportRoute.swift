// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Images made from a file system: one id on all nodes.
extension DockerRoutes {
    /// Imports on one node and copies the image to the others.
    ///
    /// An image's id comes from its configuration, which holds the time of the import: the same file
    /// system imported by each node would become as many images.
    func importImage(_ request: GatewayRequest, _ responder: Responder, nodes: [NodeState]) async throws {
        guard let first = nodes.first else {
            throw GatewayError.noHealthyNode
        }
        var plain = request
        plain.set("node", nil)
        let last = try await call(plain, to: first).run { response -> JSON? in
            guard response.status < 300 else {
                try await EngineCall.relay(response, to: responder)
                return nil
            }
            try await responder.begin(headers: ["Content-Type": "application/json"])
            return try await passOnButLast(response, responder)
        }
        guard let last else {
            return
        }
        await cluster.refreshImages(on: first.address)
        try await responder.writeLine(last)
        if let id = last["status"]?.string, id.hasPrefix("sha256:") {
            let failures = await copyImage(
                Self.reference(request) ?? id,
                from: first,
                to: Array(nodes.dropFirst()),
                request
            )
            if !failures.isEmpty {
                let message = "\(failures.count) of \(nodes.count) nodes failed: " + failures.joined(separator: "; ")
                try await responder.writeLine(ProgressMerger.errorLine(message, code: nil))
            }
        }
        try await responder.finish()
    }

    /// Passes lines on and keeps back the last one, which says how the import ended.
    private func passOnButLast(_ response: HTTPResponse, _ responder: Responder) async throws -> JSON {
        var lines = JSONLines()
        var held: JSON?
        while let bytes = try await response.read() {
            for line in try lines.append(bytes) {
                if let held {
                    try await responder.writeLine(held)
                }
                held = line
            }
        }
        if let rest = try lines.finish() {
            if let held {
                try await responder.writeLine(held)
            }
            held = rest
        }
        guard let held else {
            throw DockerAPIError.unexpectedAnswer(what: "an import without a result")
        }
        return held
    }

    /// The name that the import gives; `nil` without one.
    private static func reference(_ request: GatewayRequest) -> String? {
        guard let repository = request["repo"], !repository.isEmpty else {
            return nil
        }
        let tag = request["tag"] ?? ""
        return ImageReference.normalized(tag.isEmpty ? repository : "\(repository):\(tag)")
    }

    /// Copies an image, as fast as the slowest of the receivers takes it.
    ///
    /// - Parameters:
    ///   - reference: name or id, on `source`.
    ///   - source: the node that has it.
    ///   - targets: the nodes that get it.
    ///   - request: of the client, for the version of the API.
    /// - Returns: a line for each node that did not get it, `NODE: reason`.
    private func copyImage(
        _ reference: String,
        from source: NodeState,
        to targets: [NodeState],
        _ request: GatewayRequest
    ) async -> [String] {
        guard !targets.isEmpty else {
            return []
        }
        do {
            let engine = try engine(for: source, request)
            let save = HTTPRequest(.GET, engine.path("/images/get"), query: [("names", reference)])
            return try await engine.http.withResponse(to: save) { response in
                try await response.check()
                return await load(BodyTee(response, count: targets.count), on: targets, request)
            }
        } catch {
            return ["\(source.name): \(ErrorReply(error).message)"]
        }
    }

    private func load(_ tee: BodyTee, on targets: [NodeState], _ request: GatewayRequest) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                await tee.run()
                return nil
            }
            for (node, branch) in zip(targets, tee.branches) {
                group.addTask {
                    defer { branch.close() }
                    do {
                        try await load(branch, on: node, request)
                        return nil
                    } catch {
                        return "\(node.name): \(ErrorReply(error).message)"
                    }
                }
            }
            return await group.reduce(into: [String]()) { $0 += $1.map { [$0] } ?? [] }.sorted()
        }
    }

    private func load(_ source: Handoff, on node: NodeState, _ request: GatewayRequest) async throws {
        let engine = try engine(for: node, request)
        let load = HTTPRequest(
            .POST,
            engine.path("/images/load"),
            query: [("quiet", "1")],
            headers: ["Content-Type": "application/x-tar"]
        )
        try await engine.http.withResponse(to: load, body: .stream(source, length: nil)) { response in
            try await response.check()
            var lines = JSONLines()
            while let bytes = try await response.read() {
                for line in try lines.append(bytes) {
                    if let error = ProgressMerger.ReportedError(line) {
                        throw DockerAPIError.refused(status: error.code ?? 500, message: error.message)
                    }
                }
            }
        }
        await cluster.refreshImages(on: node.address)
    }
}
