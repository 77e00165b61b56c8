// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOHTTP1

/// Swarm mode's routes, answered as by an engine that is not in swarm mode.
extension DockerRoutes {
    var swarmModeRoutes: [Route] {
        let roots = ["swarm", "nodes", "services", "tasks", "secrets", "configs"]
        return roots.flatMap { root in
            [Route(.GET, root, refuse), Route(.GET, "\(root)/{name}", refuse)]
                + [.POST, .PUT, .DELETE].flatMap { [Route($0, root, refuse), Route($0, "\(root)/{name}", refuse)] }
        }
    }

    private func refuse(_ request: GatewayRequest, _ responder: Responder) async throws {
        throw GatewayError.notSwarmMode
    }
}
