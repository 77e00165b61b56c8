// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#endif

/// What the kernel knows about the other side of a TCP connection.
package struct PeerSigns: Equatable {
    /// The longest silence of a peer that should have acknowledged something, in milliseconds.
    package static let silenceLimit: UInt32 = 25_000
    /// How many segments in a row, sent again or asking for room, stay without an answer.
    package static let unansweredLimit = 3

    /// Since anything was heard of it, in milliseconds.
    package var silence: UInt32
    /// Segments that were sent again, and questions for room, since then.
    package var unanswered: Int

    package init(silence: UInt32, unanswered: Int) {
        self.silence = silence
        self.unanswered = unanswered
    }

    /// Whether the peer's machine, or the way to it, is gone.
    ///
    /// A peer that is alive but takes nothing, because a program does not read what it is sent, answers
    /// each question for room: that may last as long as it likes.
    package var showThatPeerIsGone: Bool {
        silence >= Self.silenceLimit && unanswered >= Self.unansweredLimit
    }
}

extension BytePipe {
    private static let watchInterval = TimeAmount.seconds(5)

    /// Breaks a TCP connection when the peer's machine is gone while bytes wait for it.
    ///
    /// The probes of keep-alive, which find this on a connection that rests, are not sent while bytes wait; and
    /// `TCP_USER_TIMEOUT` also ends connections to peers that are alive and read late. Called once, for TCP only.
    package func breakWhenPeerIsGone(named address: String) {
        #if os(Linux)
        guard let socket = channel as? any SocketOptionProvider & Sendable else {
            return
        }
        let interval = Self.watchInterval
        let watch = channel.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { task in
            socket.getTCPInfo().whenSuccess { [weak self] information in
                guard PeerSigns(information).showThatPeerIsGone else {
                    return
                }
                task.cancel()
                let reason = "the host acknowledges nothing any more"
                self?.abort(DockerAPIError.connectionLost(address: address, reason: reason))
            }
        }
        channel.closeFuture.whenComplete { _ in watch.cancel() }
        #endif
    }
}

#if os(Linux)
extension PeerSigns {
    init(_ information: tcp_info) {
        silence = information.tcpi_last_ack_recv
        unanswered = Int(information.tcpi_retransmits) + Int(information.tcpi_probes)
    }
}
#endif
