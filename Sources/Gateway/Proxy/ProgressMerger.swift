// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// Merges the progress of several nodes into one stream for the client.
struct ProgressMerger {
    /// Marks a line as the failure of a node; never sent to clients.
    private static let marker = "swarmctl.failure"

    let responder: Responder
    let nodes: Int

    /// A node's line with its id prefixed by the node.
    ///
    /// - Throws: ``DockerAPIError/refused(status:message:)`` when the line reports an error.
    static func line(_ json: JSON, of node: NodeState) throws -> JSON {
        if let error = json["errorDetail"]?["message"]?.string ?? json["error"]?.string {
            throw DockerAPIError.refused(status: json["errorDetail"]?["code"]?.int ?? 500, message: error)
        }
        guard json["status"] != nil else {
            return json
        }
        return json.rewriting { line in
            let id = line["id"]?.string ?? ""
            line["id"] = JSON(id.isEmpty ? node.name : "\(node.name): \(id)")
        }
    }

    /// What stands in the stream for a node that failed.
    static func failure(of node: NodeState, _ error: any Error) -> JSON {
        let reply = ErrorReply(error)
        return [marker: JSON(node.name), "message": JSON(reply.message), "status": JSON(reply.status)]
    }

    /// Writes lines until there are no more, then the summary.
    func run(_ lines: AsyncStream<JSON>) async throws {
        var failures: [(node: String, message: String, status: Int)] = []
        var isBegun = false
        var texts = Set<JSON>()
        for await line in lines {
            if let node = line[Self.marker]?.string {
                failures.append((node, line["message"]?.string ?? "", line["status"]?.int ?? 500))
                continue
            }
            // Lines without an id are the same from each node, and scripts read them.
            if let text = line["stream"], !texts.insert(text).inserted {
                continue
            }
            if !isBegun {
                isBegun = true
                try await responder.begin(headers: ["Content-Type": "application/json"])
            }
            try await responder.writeLine(line)
        }
        try Task.checkCancellation()
        try await finish(failures, isBegun: isBegun)
    }

    private func finish(_ failures: [(node: String, message: String, status: Int)], isBegun: Bool) async throws {
        guard isBegun else {
            if let first = failures.first {
                throw DockerAPIError.refused(status: first.status, message: Self.summary(failures, total: nodes))
            }
            return try await responder.send(status: 200)
        }
        if let first = failures.first {
            let message = Self.summary(failures, total: nodes)
            try await responder.writeLine([
                "errorDetail": ["code": JSON(first.status), "message": JSON(message)], "error": JSON(message),
            ])
        }
        try await responder.finish()
    }

    /// One engine's words when all nodes say the same, else each node's.
    private static func summary(_ failures: [(node: String, message: String, status: Int)], total: Int) -> String {
        if failures.count == total, let first = failures.first, failures.allSatisfy({ $0.message == first.message }) {
            return first.message
        }
        let lines = failures.sorted { $0.node < $1.node }.map { "\($0.node): \($0.message)" }
        return "\(failures.count) of \(total) nodes failed: " + lines.joined(separator: "; ")
    }
}
