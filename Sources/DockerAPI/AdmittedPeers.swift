// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The connections whose clients have shown a certificate, so that they can be closed when it is revoked.
final class AdmittedPeers: Sendable {
    /// How often the list of revoked certificates is looked at, for connections that are open.
    private static let interval = TimeAmount.seconds(1)

    private struct Peer: Sendable {
        let channel: any Channel
        let serial: [UInt8]
        let name: String
        let onRefusal: @Sendable (String) -> Void
    }

    private struct State {
        var peers: [ObjectIdentifier: Peer] = [:]
        var isWatching = false
    }

    private let state = Mutex(State())

    /// Notes the certificate that the client of a connection has shown; forgotten when the connection closes.
    func note(
        _ serial: [UInt8],
        _ name: String,
        on channel: any Channel,
        onRefusal: @escaping @Sendable (String) -> Void
    ) {
        let key = ObjectIdentifier(channel)
        let isKnown = state.withLock { state in
            state.peers.updateValue(
                Peer(channel: channel, serial: serial, name: name, onRefusal: onRefusal),
                forKey: key
            ) != nil
        }
        if !isKnown {
            channel.closeFuture.whenComplete { [weak self] _ in
                self?.state.withLock { $0.peers[key] = nil }
            }
        }
    }

    /// Closes the connections whose certificates are in `revoked`.
    func close(_ revoked: RevokedSerials) {
        let gone = state.withLock { $0.peers.values.filter { revoked.contains($0.serial) } }
        for peer in gone {
            peer.onRefusal("\(peer.name) was revoked while it was connected")
            peer.channel.close(mode: .all, promise: nil)
        }
    }

    /// Calls `look` again and again, from the first call on, until it returns false.
    func watch(_ look: @escaping @Sendable () -> Bool) {
        let isFirst = state.withLock { state in
            defer { state.isWatching = true }
            return !state.isWatching
        }
        guard isFirst else {
            return
        }
        MultiThreadedEventLoopGroup.singleton.next().scheduleRepeatedTask(
            initialDelay: Self.interval,
            delay: Self.interval
        ) { task in
            if !look() {
                task.cancel()
            }
        }
    }
}
