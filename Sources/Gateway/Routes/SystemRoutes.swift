// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore

/// What the cluster says about itself.
extension DockerRoutes {
    var systemRoutes: [Route] {
        [
            Route(.GET, "_ping", ping), Route(.HEAD, "_ping", ping),
            Route(.GET, "version", version), Route(.GET, "info", info),
            Route(.POST, "auth") { try await call($0, to: anyNode()).relay(to: $1) },
            Route(.GET, "images/search") { try await call($0, to: anyNode()).relay(to: $1) },
            Route(.GET, "distribution/{name}/json") { try await call($0, to: anyNode()).relay(to: $1) },
            Route(.GET, "healthz") { _, responder in try await responder.send(bytes: Array("ok\n".utf8)) },
            Route(.GET, "readyz", ready),
            Route(.GET, "metrics") { _, responder in
                let headers: HTTPHeaders = ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"]
                try await responder.send(headers: headers, bytes: Array(metricsText.utf8))
            },
        ]
    }

    private var metricsText: String {
        metrics.text(
            cluster.snapshot,
            statistics: cluster.statistics,
            tls: configuration.tls
        )
    }

    /// `2` asks clients for BuildKit, which engines do since 23.0.
    private var builderVersion: String {
        cluster.snapshot.offeredVersions.highest >= APIVersion(major: 1, minor: 42) ? "2" : "1"
    }

    /// A route that this manager does not know: any engine answers, in its own words.
    func passOnUnknown(_ request: GatewayRequest, _ responder: Responder) async throws {
        guard let node = cluster.snapshot.healthyNodes.first else {
            throw GatewayError.noSuchRoute
        }
        try await call(request, to: node).relay(to: responder)
    }

    private func ping(_ request: GatewayRequest, _ responder: Responder) async throws {
        let headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Builder-Version": builderVersion, "Swarm": "inactive",
            "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache",
        ]
        try await responder.send(headers: headers, bytes: Array("OK".utf8))
    }

    private func ready(_ request: GatewayRequest, _ responder: Responder) async throws {
        guard !cluster.snapshot.healthyNodes.isEmpty else {
            throw GatewayError.nodeDown(node: "*", reason: "no healthy node")
        }
        try await responder.send(bytes: Array("ok\n".utf8))
    }

    private func version(_ request: GatewayRequest, _ responder: Responder) async throws {
        let snapshot = cluster.snapshot
        let range = snapshot.offeredVersions
        let first = snapshot.healthyNodes.first?.version
        let name = "swarm/\(swarmVersion)"
        let manager: JSON = [
            "Name": "Swarm", "Version": JSON(name),
            "Details": ["ApiVersion": JSON("\(range.highest)"), "MinAPIVersion": JSON("\(range.lowest)")],
        ]
        let engines = snapshot.nodes.compactMap { node -> JSON? in
            node.version.map { version in
                [
                    "Name": JSON("Engine \(node.name)"), "Version": JSON(version.version),
                    "Details": [
                        "ApiVersion": JSON("\(version.apiVersions.highest)"),
                        "MinAPIVersion": JSON("\(version.apiVersions.lowest)"), "Os": JSON(version.operatingSystem),
                        "Arch": JSON(version.architecture), "KernelVersion": JSON(version.kernelVersion),
                    ],
                ]
            }
        }
        try await responder.send(
            json: [
                "Platform": ["Name": "Docker Swarm"], "Components": JSON([manager] + engines), "Version": JSON(name),
                "ApiVersion": JSON("\(range.highest)"), "MinAPIVersion": JSON("\(range.lowest)"), "GitCommit": "",
                "GoVersion": "", "Os": JSON(first?.operatingSystem ?? "linux"),
                "Arch": JSON(first?.architecture ?? "amd64"),
                "KernelVersion": JSON(first?.kernelVersion ?? ""), "BuildTime": "",
            ]
        )
    }

    private func info(_ request: GatewayRequest, _ responder: Responder) async throws {
        let description = ClusterDescription(
            cluster.snapshot,
            leadership: cluster.leadership.view,
            namespace: request.namespace,
            tls: configuration.tls,
            cache: nodeLines
        )
        // Clients before API 1.22 look for the lines among those of the storage driver.
        let isOld = request.version.map { $0 < APIVersion(major: 1, minor: 22) } ?? false
        try await responder.send(json: description.info(isOldClient: isOld))
    }
}
