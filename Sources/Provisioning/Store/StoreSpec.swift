// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The host's member of the store that the managers of a cluster share: etcd from the distribution's package.
package struct StoreSpec: Sendable, Equatable {
    /// Where clients and members are listened for, in this order.
    package static let ports: [UInt16] = [2379, 2380]

    /// One server of the store.
    package struct Member: Sendable, Equatable {
        /// The machine's name.
        package var name: String
        /// An IP address or a name, without brackets.
        package var address: String

        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }

        /// Where the other members reach it.
        var peerURL: String { EngineEndpoint(host: address, port: StoreSpec.ports[1]).url }
        /// Where clients reach it.
        var clientURL: String { EngineEndpoint(host: address, port: StoreSpec.ports[0]).url }
    }

    /// The host's own.
    package var member: Member
    /// All that there are when this one starts for the first time, itself among them.
    package var initial: [Member]
    /// Whether the store is there already and has been told of this member.
    package var joins: Bool
    /// Tells the stores of clusters apart that follow each other on the same hosts.
    package var token: String

    package init(member: Member, initial: [Member], joins: Bool, token: String) {
        self.member = member
        self.initial = initial
        self.joins = joins
        self.token = token
    }

    /// The discovery URL of a cluster whose members are these: `etcd://A:2379,…/CLUSTER`.
    package static func discovery(_ members: [Member], cluster: String) -> String {
        let servers = members.map { $0.clientURL.dropFirst("https://".count) }
        return "etcd://\(servers.joined(separator: ","))/\(cluster)"
    }
}
