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
    /// The status of an answer without a line.
    var emptyStatus = 200

    /// A node reported an error in its progress, after it had accepted the request.
    struct ReportedError: Error {
        let message: String
        let code: Int?

        /// `nil` when the line reports none.
        init?(_ line: JSON) {
            guard let text = line["errorDetail"]?["message"]?.string ?? line["error"]?.string else {
                return nil
            }
            message = text
            code = line["errorDetail"]?["code"]?.int
        }
    }

    /// What is known of a node that failed.
    private struct Failure {
        let node: String
        let message: String
        /// As the node gave it; `nil` for an error in its progress that has no code.
        let status: Int?
        /// Whether the node had accepted the request, so that the client sees a stream that ends badly.
        let isReported: Bool

        init(_ line: JSON, node: String) {
            self.node = node
            message = line["message"]?.string ?? ""
            status = line["status"]?.int
            isReported = line["reported"]?.bool ?? false
        }
    }

    /// A node's line with its id prefixed by the node.
    ///
    /// - Throws: ``ReportedError`` when the line reports an error.
    static func line(_ json: JSON, of node: NodeState) throws -> JSON {
        if let error = ReportedError(json) {
            throw error
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
        if let error = error as? ReportedError {
            let code = error.code.map { JSON($0) } ?? .null
            return [marker: JSON(node.name), "message": JSON(error.message), "status": code, "reported": true]
        }
        let reply = ErrorReply(error)
        return [marker: JSON(node.name), "message": JSON(reply.message), "status": JSON(reply.status)]
    }

    /// Writes lines until there are no more, then the summary.
    func run(_ lines: AsyncStream<JSON>) async throws {
        var failures: [Failure] = []
        var isBegun = false
        var texts = Set<JSON>()
        for await line in lines {
            if let node = line[Self.marker]?.string {
                failures.append(Failure(line, node: node))
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

    private func finish(_ failures: [Failure], isBegun: Bool) async throws {
        if !isBegun {
            guard let first = failures.first else {
                return try await responder.send(status: emptyStatus)
            }
            guard first.isReported else {
                throw DockerAPIError.refused(
                    status: first.status ?? 500,
                    message: Self.summary(failures, total: nodes)
                )
            }
            try await responder.begin(headers: ["Content-Type": "application/json"])
        }
        if let first = failures.first {
            try await responder.writeLine(
                Self.errorLine(Self.summary(failures, total: nodes), code: first.status)
            )
        }
        try await responder.finish()
    }

    /// The last line of a stream that ends badly.
    static func errorLine(_ message: String, code: Int?) -> JSON {
        let detail: JSON = code.map { ["code": JSON($0), "message": JSON(message)] } ?? ["message": JSON(message)]
        return ["errorDetail": detail, "error": JSON(message)]
    }

    /// One engine's words when all nodes say the same, else each node's.
    private static func summary(_ failures: [Failure], total: Int) -> String {
        if failures.count == total, let first = failures.first, failures.allSatisfy({ $0.message == first.message }) {
            return first.message
        }
        let lines = failures.sorted { $0.node < $1.node }.map { "\($0.node): \($0.message)" }
        return "\(failures.count) of \(total) nodes failed: " + lines.joined(separator: "; ")
    }
}
