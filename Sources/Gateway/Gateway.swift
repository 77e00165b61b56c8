// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Cluster
package import DockerAPI
package import Logging
internal import NIOCore
internal import NIOPosix

/// Answers calls that are not Docker's, and decides itself who may make them: by ``GatewayRequest/peer()``.
package struct GatewayExtension: Sendable {
    private let prefixes: [String]
    let answer: @Sendable (GatewayRequest) async throws -> HTTPReply?

    /// - Parameters:
    ///   - prefixes: of the targets of its calls.
    ///   - answer: `nil` when the call is none of its calls.
    package init(prefixes: [String], answer: @escaping @Sendable (GatewayRequest) async throws -> HTTPReply?) {
        self.prefixes = prefixes
        self.answer = answer
    }

    func answers(_ request: GatewayRequest) -> Bool {
        prefixes.contains { request.target.hasPrefix($0) }
    }
}

/// The manager's server: the whole cluster behind one Docker API.
package struct Gateway: Sendable {
    private let configuration: GatewayConfiguration
    private let service: GatewayService
    /// All that it answers itself.
    package let routes: [Route]
    private let logger: Logger

    /// Makes a server for a cluster.
    ///
    /// - Parameters:
    ///   - cluster: whose state is shown, and where placements are decided.
    ///   - configuration: of the command line.
    ///   - extensions: asked before the routes, in order, about every request.
    ///   - routes: added to those of Docker's API.
    ///   - logger: one line for each address; at `debug` one for each request.
    package init(
        cluster: Cluster,
        configuration: GatewayConfiguration,
        extensions: [GatewayExtension] = [],
        routes: [Route] = [],
        logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        let metrics = GatewayMetrics()
        let docker = DockerRoutes(cluster: cluster, configuration: configuration, logger: logger, metrics: metrics)
        self.routes = routes + docker.all
        service = GatewayService(
            routes: self.routes,
            fallback: docker.passOnUnknown,
            extensions: extensions,
            cluster: cluster,
            configuration: configuration,
            metrics: metrics,
            logger: logger
        )
    }

    /// Listens and serves until the task is cancelled.
    ///
    /// - Parameter onListening: called with the addresses when all of them listen; a port 0 is then
    ///   the one that the system chose.
    /// - Throws: ``DockerAPIError/cannotConnect(address:reason:)`` when an address cannot be used.
    package func run(onListening: @escaping @Sendable ([EngineAddress]) -> Void = { _ in }) async throws {
        var listeners: [Listener] = []
        defer {
            for listener in listeners {
                listener.close()
            }
        }
        for address in configuration.addresses {
            let listener = try await Listener(address: address, tls: configuration.tls, logger: logger)
            listeners.append(listener)
            logger.info("listening", metadata: ["address": "\(listener.address)"])
        }
        onListening(listeners.map(\.address))
        let service = service
        // Ends after the last request, whose line it still writes.
        let audit = configuration.audit
        let writer = Task { await audit?.run() }
        await withDiscardingTaskGroup { group in
            for listener in listeners {
                group.addTask {
                    await withDiscardingTaskGroup { connections in
                        for await pipe in listener.pipes {
                            let connection = ServerConnection(
                                pipe: pipe,
                                service: service,
                                isSocket: listener.isSocket
                            )
                            connections.addTask { await connection.run() }
                        }
                        connections.cancelAll()
                    }
                }
            }
        }
        writer.cancel()
        await writer.value
    }
}
