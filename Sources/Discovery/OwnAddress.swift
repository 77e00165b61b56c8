// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import NIOCore
internal import NIOPosix
internal import SwarmCore

/// The address under which an agent registers its engine.
package enum OwnAddress: Sendable {
    /// Always the same.
    case fixed(String)
    /// The host's own address on the way to a server, with the engine's port; as told while that cannot be found out.
    case following(EngineAddress, towards: EngineAddress)

    /// As it is now, `HOST:PORT`.
    func current() async -> String {
        switch self {
        case .fixed(let address):
            return address
        case .following(let told, let server):
            guard case .tcp(_, let port) = told, case .tcp(let host, let serverPort) = server,
                let own = await Self.address(towards: host, port: serverPort)
            else {
                return told.description
            }
            return EngineAddress.tcp(host: own, port: port).description
        }
    }

    /// The address that the system would connect from; a datagram socket sends nothing for that.
    ///
    /// - Returns: `nil` without a way there, and for an address that means nothing to others.
    private static func address(towards host: String, port: Int) async -> String? {
        let bootstrap = DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        guard let channel = try? await bootstrap.connect(host: host, port: port).get() else {
            return nil
        }
        defer { channel.close(promise: nil) }
        guard let own = channel.localAddress?.ipAddress, !own.hasPrefix("127."), own != "::1", !own.hasPrefix("fe80:")
        else {
            return nil
        }
        return own
    }
}

extension DiscoveryURL {
    /// A server of the store; `nil` for lists.
    package var server: EngineAddress? {
        switch self {
        case .nodes, .file: nil
        case .embedded(let managers, _), .token(_, let managers): managers.first
        case .keyValue(let url): url.servers.first
        }
    }
}
