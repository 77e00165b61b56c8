// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import Scheduling
internal import SwarmCore

/// `docker ps`, from the manager's own state.
extension DockerRoutes {
    /// Lists of more containers are streamed, so that no list is ever in memory as a whole.
    private static let listInOnePiece = 256

    var containerListRoutes: [Route] {
        [
            Route(.GET, "containers/json", listContainers),
            Route(.GET, "containers/ps", listContainers),
        ]
    }

    private func listContainers(_ request: GatewayRequest, _ responder: Responder) async throws {
        let snapshot = cluster.snapshot
        let query: ContainerQuery
        do {
            query = try ContainerQuery(request, find: { try container($0).container })
        } catch {
            return try await refuse(request, responder, because: error)
        }
        let order = orders.order(of: snapshot)
        let found = query.select(from: order)
        let sizes = request.flag("size") ? try await sizes(request, responder) : [:]
        let isLong = found.count > Self.listInOnePiece
        var text = ContainerListText(names: configuration.containerNames, sizes: sizes, isLong: isLong)
        let headers: HTTPHeaders = ["Content-Type": "application/json"]
        if isLong {
            try await responder.begin(headers: headers)
        }
        for place in found {
            text.append(place, of: order)
            if isLong, text.isFull {
                try await responder.write(text.piece)
                text.clear()
            }
        }
        text.end()
        guard isLong else {
            return try await responder.send(headers: headers, bytes: Array(text.piece.readableBytesView))
        }
        try await responder.write(text.piece)
        try await responder.finish()
    }

    /// Refuses a query in the words of an engine, which change from version to version.
    private func refuse(_ request: GatewayRequest, _ responder: Responder, because error: any Error) async throws {
        var plain = request
        var filters = try Filters(request["filters"])
        _ = filters.take("node")
        plain.set("filters", filters.text)
        let isRefused = try await call(plain, to: anyNode()).run(deadline: .after(Self.listTime)) { response in
            guard response.status >= 400 else {
                return false
            }
            try await EngineCall.relay(response, to: responder)
            return true
        }
        guard isRefused else {
            throw error
        }
    }

    /// The engines' elements with sizes, which are not kept because they cost the engine a walk.
    private func sizes(_ request: GatewayRequest, _ responder: Responder) async throws -> [String: JSON] {
        let answers = try await collect(request, query: [("all", "1"), ("size", "1")], for: responder)
        var byID: [String: JSON] = [:]
        for element in answers.flatMap(\.json.elements) {
            if let id = element["Id"]?.string {
                byID[id] = element
            }
        }
        return byID
    }
}
