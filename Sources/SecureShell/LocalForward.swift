// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A host and a port as the remote side dials them.
package struct ForwardTarget: Sendable, Hashable {
    package var host: String
    /// 1 to 65535.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

/// A port of 127.0.0.1 whose connections go through an SSH connection to a target.
///
/// Open until ``close()``, or until the connection ends. Several forwards may use one connection.
package final class LocalForward: Sendable {
    /// The local port.
    package let port: UInt16
    package let target: ForwardTarget
    private let connection: SSHConnection
    private let service: Int

    init(port: UInt16, target: ForwardTarget, connection: SSHConnection, service: Int) {
        self.port = port
        self.target = target
        self.connection = connection
        self.service = service
    }

    deinit {
        close()
    }

    /// Stops listening and closes the connections that go through it.
    package func close() {
        let service = service
        connection.loop.submit { $0.removeService(service) }
    }
}

extension SSHConnection {
    /// Listens on 127.0.0.1 and forwards each connection to `target`, seen from the host.
    ///
    /// - Parameters:
    ///   - target: dialled by the host for each connection; one it cannot reach closes the connection.
    ///   - port: the local port; 0 for any free one.
    /// - Returns: the forward, listening.
    /// - Throws: ``SSHError/cannotListen(port:detail:)``, ``SSHError/closed(_:)``.
    package func forward(to target: ForwardTarget, listeningOn port: UInt16 = 0) async throws -> LocalForward {
        let (actual, service) = try await loop.perform(deadline: nil, stage: .channel) {
            core -> Progress<(UInt16, Int)> in
            guard let (file, actual) = SystemSocket.listenOnLoopback(port: port) else {
                throw SSHError.cannotListen(port: port, detail: SystemSocket.text(errno))
            }
            return .done((actual, core.add(ForwardListener(file: file, target: target))))
        }
        return LocalForward(port: actual, target: target, connection: self, service: service)
    }

    /// Waits until the connection ends, then throws why; for a tunnel that lasts until it is cancelled.
    ///
    /// - Throws: ``SSHError/connectionLost(_:detail:)``, ``SSHError/closed(_:)``, `CancellationError`.
    package func waitUntilLost() async throws {
        try await loop.perform(deadline: nil, stage: .channel) { _ -> Progress<Void> in .blocked }
    }

    /// A socket whose other end is `target` seen from the host: the way to the next host.
    func openStream(to target: SSHEndpoint, deadline: Deadline) async throws -> Int32 {
        let kind = ChannelKind.direct(ForwardTarget(host: target.host, port: target.port))
        let channel: SSHChannel
        do {
            channel = try await SSHChannel.open(kind, on: loop, deadline: deadline)
        } catch SSHError.channelRefused(_, _, let detail) {
            throw SSHError.unreachable(target, detail: "\(name) says: \(detail)")
        }
        let number = channel.number
        return try await loop.perform(deadline: deadline, stage: .channel) { core -> Progress<Int32> in
            guard let (near, far) = SystemSocket.pair() else {
                throw SSHError.unreachable(target, detail: SystemSocket.text(errno))
            }
            // The bridge closes the channel; holding it here keeps its owner from doing so before.
            let files = Bridge.Files(input: far, output: far, error: nil, isSocket: true)
            core.add(Bridge(number: number, files: files) { _ in extendLifetime(channel) })
            return .done(near)
        }
    }
}

/// Accepts the connections of a forward.
final class ForwardListener: LoopService {
    private let file: Int32
    private let target: ForwardTarget
    private var bridges: [WeakBridge] = []
    private let ticket = Ticket()

    private struct WeakBridge {
        weak var bridge: Bridge?
    }

    /// How long the host may take to reach the target.
    private static let dialLimit = Duration.seconds(30)

    /// Takes over `file`, which listens.
    init(file: Int32, target: ForwardTarget) {
        self.file = file
        self.target = target
    }

    var interests: [Interest] { [.read(file)] }

    func step(_ core: SessionCore, ready: inout [Int32: Int16]) -> Bool {
        guard ready.removeValue(forKey: file) != nil else {
            return true
        }
        while true {
            let accepted = accept(file, nil, nil)
            guard accepted >= 0 else {
                return true
            }
            SystemSocket.prepare(accepted)
            SystemSocket.setNoDelay(accepted)
            open(accepted, core)
        }
    }

    func end(_ error: SSHError) {
        ticket.cancel()
        close(file)
        for entry in bridges {
            entry.bridge?.abort()
        }
    }

    private func open(_ socket: Int32, _ core: SessionCore) {
        let deadline = Deadline.after(Self.dialLimit)
        core.open(
            ChannelRequest(kind: .direct(target), ticket: ticket, deadline: deadline) { [weak self] core, result in
                guard let self, case .success(let number) = result else {
                    close(socket)
                    return
                }
                let files = Bridge.Files(input: socket, output: socket, error: nil, isSocket: true)
                let bridge = Bridge(number: number, files: files)
                bridges.removeAll { $0.bridge == nil }
                bridges.append(WeakBridge(bridge: bridge))
                core.add(bridge)
            }
        )
    }
}
