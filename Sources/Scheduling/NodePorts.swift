// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The ports of one node that containers and reservations claim, and who does.
///
/// Several containers may claim the same port, all but one of them stopped.
package struct NodePorts: Sendable, Equatable {
    private struct Number: Hashable, Sendable {
        let port: UInt16
        let transport: Transport

        init(_ port: HostPort) {
            self.port = port.port
            transport = port.transport
        }
    }

    private struct Claim: Sendable, Equatable {
        let port: HostPort
        /// The container's id, or a reservation's token.
        let key: String
        let name: String
    }

    private var claims: [Number: [Claim]] = [:]

    package init() {}

    package var isEmpty: Bool { claims.isEmpty }
    package var ports: Set<HostPort> { Set(claims.values.joined().map(\.port)) }

    /// The name of the container that claimed exactly this port first.
    package func holder(of port: HostPort) -> String? {
        claims[Number(port)]?.first { $0.port == port }?.name
    }

    /// The name of a container with a port that clashes with `wanted`, the same one each time.
    func holder(clashingWith wanted: HostPort) -> String? {
        guard let rivals = claims[Number(wanted)] else {
            return nil
        }
        let exact = rivals.first { $0.port == wanted }
        return (exact ?? rivals.filter { $0.port.clashes(with: wanted) }.min { $0.name < $1.name })?.name
    }

    package mutating func add(_ port: HostPort, name: String, key: String) {
        claims[Number(port), default: []].append(Claim(port: port, key: key, name: name))
    }

    package mutating func remove(_ port: HostPort, key: String) {
        let number = Number(port)
        guard let index = claims[number]?.firstIndex(where: { $0.port == port && $0.key == key }) else {
            return
        }
        claims[number]?.remove(at: index)
        if claims[number]?.isEmpty == true {
            claims[number] = nil
        }
    }
}
