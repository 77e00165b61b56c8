// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What a container asks of the node it is placed on.
package struct PlacementRequest: Sendable, Equatable {
    /// The container's name without the slash; empty when the engine is to pick one.
    package var name: String
    /// The image as the client named it.
    package var image: String
    package var labels: [String: String]
    /// What it claims of the node; zero where nothing was asked for.
    package var claim: Resources
    /// Ports of the node it wants; never those for which the engine picks the number.
    package var ports: [HostPort]
    /// Whether it shares the node's network, which makes `ports` the exposed ones.
    package var usesHostNetwork: Bool
    package var constraints: [PlacementExpression]
    package var affinities: [PlacementExpression]
    /// If not empty, names or ids of the only nodes that may be chosen, one list an expression.
    package var whitelists: [PlacementExpression]
    package var dependencies: [Dependency]
    /// Named local volumes it mounts: a node that has one is preferred over one that would make it.
    package var volumes: [String]
    /// Networks it joins by name: a node that has one is preferred.
    package var networks: [String]
    /// `os/architecture[/variant]` when the client asked for one.
    package var platform: String?
    package var devices: [DeviceRequest]

    package init(
        name: String = "",
        image: String = "",
        labels: [String: String] = [:],
        claim: Resources = Resources(),
        ports: [HostPort] = [],
        usesHostNetwork: Bool = false,
        constraints: [PlacementExpression] = [],
        affinities: [PlacementExpression] = [],
        whitelists: [PlacementExpression] = [],
        dependencies: [Dependency] = [],
        volumes: [String] = [],
        networks: [String] = [],
        platform: String? = nil,
        devices: [DeviceRequest] = []
    ) {
        self.name = name
        self.image = image
        self.labels = labels
        self.claim = claim
        self.ports = ports
        self.usesHostNetwork = usesHostNetwork
        self.constraints = constraints
        self.affinities = affinities
        self.whitelists = whitelists
        self.dependencies = dependencies
        self.volumes = volumes
        self.networks = networks
        self.platform = platform
        self.devices = devices
    }

    /// The request without its soft expressions, which is tried when nothing satisfies them too.
    package var withoutSoftExpressions: PlacementRequest {
        var hard = self
        hard.constraints.removeAll(where: \.isSoft)
        hard.affinities.removeAll(where: \.isSoft)
        hard.whitelists.removeAll(where: \.isSoft)
        return hard
    }
}

/// A container that another one has to be placed beside.
package struct Dependency: Hashable, Sendable {
    /// The option that asks for it.
    package enum Option: String, Hashable, Sendable {
        case volumesFrom = "--volumes-from"
        case link = "--link"
        case network = "--net"
        case process = "--pid"
        case ipc = "--ipc"
    }

    package let option: Option
    /// Name, id or id prefix.
    package let container: String

    package init(_ option: Option, container: String) {
        self.option = option
        self.container = container
    }

    /// As on the command line: `--net=container:web`, `--link=db`.
    package var description: String {
        switch option {
        case .volumesFrom, .link: "\(option.rawValue)=\(container)"
        case .network, .process, .ipc: "\(option.rawValue)=container:\(container)"
        }
    }
}
