// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOHTTP1

/// Swarm mode's routes, answered as by an engine that is not in swarm mode.
extension DockerRoutes {
    var swarmModeRoutes: [Route] {
        let roots = ["swarm", "nodes", "services", "tasks", "secrets", "configs"]
        return [Route(.POST, "swarm/leave", refuseLeaving)]
            + roots.flatMap { root in
                [Route(.GET, root, refuse), Route(.GET, "\(root)/{name}", refuse)]
                    + [Route(.GET, "\(root)/{name}/logs", refuse)]
                    + [.POST, .PUT, .DELETE].flatMap { [Route($0, root, refuse), Route($0, "\(root)/{name}", refuse)] }
            }
    }

    private func refuseLeaving(_ request: GatewayRequest, _ responder: Responder) async throws {
        throw DockerAPIError.refused(status: 503, message: "This node is not part of a swarm")
    }

    private func refuse(_ request: GatewayRequest, _ responder: Responder) async throws {
        throw GatewayError.notSwarmMode
    }
}
