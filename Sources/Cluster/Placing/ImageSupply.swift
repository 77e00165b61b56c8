// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// Brings an image to the node that was chosen: from a registry, else from a node that has it.
struct ImageSupply: Sendable {
    let cluster: Cluster
    let image: String
    let platform: String?
    /// The client's `X-Registry-Auth`.
    let secret: String?

    /// Brings the image; several callers that need it on the same node cause one transfer.
    ///
    /// - Parameters:
    ///   - node: where the image is missing.
    ///   - client: of that node.
    /// - Returns: whether the image is there now.
    /// - Throws: when the connection to the node breaks.
    func bring(to node: NodeState, _ client: EngineClient) async throws -> Bool {
        try await cluster.imageWork.run([node.address, image, platform ?? ""]) {
            let isPulled = try await pull(to: node, client)
            guard isPulled else {
                return try await move(to: node, client)
            }
            await cluster.refreshImages(on: node.address)
            return true
        }
    }

    /// Pulls from a registry; false when that fails, as the engine's answer to the create says enough.
    private func pull(to node: NodeState, _ client: EngineClient) async throws -> Bool {
        var headers = HTTPHeaders()
        if let secret {
            headers.add(name: "X-Registry-Auth", value: secret)
        }
        var query = [("fromImage", ImageReference.normalized(image))]
        if let platform {
            query.append(("platform", platform))
        }
        let pull = HTTPRequest(.POST, client.path("/images/create"), query: query, headers: headers)
        do {
            return try await client.http.withResponse(to: pull) { try await Self.isSuccess($0) }
        } catch let error as DockerAPIError {
            cluster.logger.info("pull failed", metadata: ["node": "\(node.name)", "error": "\(error.message)"])
            return false
        }
    }

    /// Streams the image from a node that has it, as fast as the target takes it; nothing is gathered here.
    private func move(to node: NodeState, _ client: EngineClient) async throws -> Bool {
        // A digest does not survive saving and loading.
        guard !image.contains("@") else {
            return false
        }
        for source in sources(for: node) {
            guard let from = cluster.client(for: source.address) else {
                continue
            }
            do {
                guard try await stream(from: from, to: client) else {
                    continue
                }
                await cluster.refreshImages(on: node.address)
                cluster.logger.info(
                    "moved image",
                    metadata: ["image": "\(image)", "from": "\(source.name)", "to": "\(node.name)"]
                )
                return true
            } catch let error as DockerAPIError {
                let metadata: Logger.Metadata = ["from": "\(source.name)", "error": "\(error.message)"]
                cluster.logger.info("moving an image failed", metadata: metadata)
            }
        }
        return false
    }

    private func sources(for target: NodeState) -> [NodeState] {
        cluster.snapshot.healthyNodes.filter { node in
            node.address != target.address && node.image(image) != nil && node.info?.osType == target.info?.osType
                && node.info?.architecture == target.info?.architecture
        }
    }

    private func stream(from source: EngineClient, to target: EngineClient) async throws -> Bool {
        let name = ImageReference.isID(image) ? image : ImageReference.normalized(image)
        let save = HTTPRequest(.GET, source.path("/images/get"), query: [("names", name)])
        let load = HTTPRequest(
            .POST,
            target.path("/images/load"),
            query: [("quiet", "1")],
            headers: ["Content-Type": "application/x-tar"]
        )
        return try await source.http.withResponse(to: save) { saved in
            try await saved.check()
            return try await target.http.withResponse(to: load, body: .stream(saved, length: nil)) {
                try await Self.isSuccess($0)
            }
        }
    }

    /// Reads lines of progress to their end; false when one of them is an error.
    private static func isSuccess(_ response: HTTPResponse) async throws -> Bool {
        try await response.check()
        var lines = JSONLines()
        var isSuccess = true
        while let bytes = try await response.read() {
            for line in try lines.append(bytes) where line["errorDetail"] != nil || line["error"] != nil {
                isSuccess = false
            }
        }
        return isSuccess
    }
}
