// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibSSH2
internal import SwarmCore

/// The channels of a session and those that are to be opened.
struct ChannelTable {
    /// Open channels by number; numbers are never used again.
    var open: [Int: OpenChannel] = [:]
    /// Channels that nobody uses any more, until the other side has closed them too.
    var dying: [OpenChannel] = []
    var queue: [ChannelRequest] = []
    /// The request that the library is working on; it can do one at a time.
    var active: ChannelRequest?
    /// How many sessions the server allows at once, as far as it has said.
    var sessionLimit: Int?
    var nextNumber = 0
    /// How many requests were queued so far.
    var queuedCount = 0

    var sessionCount: Int {
        open.values.count(where: \.isSession) + dying.count(where: \.isSession)
    }

    var nextDeadline: Deadline? {
        ((active.map { [$0] } ?? []) + queue).compactMap(\.deadline).min()
    }
}

@safe struct OpenChannel {
    let pointer: OpaquePointer
    let isSession: Bool
}

/// What kind of channel is opened.
enum ChannelKind: Sendable {
    case session
    case direct(ForwardTarget)

    var isSession: Bool {
        switch self {
        case .session: true
        case .direct: false
        }
    }

    var operation: String {
        switch self {
        case .session: "open a session"
        case .direct(let target): "connect to \(target.host):\(target.port)"
        }
    }
}

/// Somebody who wants a channel.
struct ChannelRequest {
    let kind: ChannelKind
    let ticket: Ticket
    let deadline: Deadline?
    /// Called once, on the session's thread, with the number of the channel.
    var answer: ((SessionCore, Result<Int, any Error>) -> Void)?
}

extension SessionCore {
    /// Queues a request; the library opens one channel at a time.
    func open(_ request: ChannelRequest) {
        if let failure {
            request.answer?(self, .failure(failure))
        } else {
            channels.queue.append(request)
            channels.queuedCount += 1
        }
    }

    /// The channel with the number.
    func channel(_ number: Int) throws(SSHError) -> OpaquePointer {
        guard failure == nil, let channel = channels.open[number] else {
            throw failure ?? .closed(endpoint)
        }
        return unsafe channel.pointer
    }

    /// Gives a channel up: it is closed in the background.
    func closeChannel(_ number: Int) {
        if let channel = channels.open.removeValue(forKey: number) {
            channels.dying.append(channel)
        }
    }

    /// Returns whether anything changed.
    func advanceOpening() -> Bool {
        var hasProgress = dropAbandonedRequests()
        while true {
            if channels.active == nil {
                guard let index = channels.queue.firstIndex(where: isPossible) else {
                    return hasProgress
                }
                channels.active = channels.queue.remove(at: index)
            }
            guard let request = channels.active, tryOpening(request) else {
                return hasProgress
            }
            hasProgress = true
        }
    }

    /// Returns whether a channel is gone.
    func releaseDyingChannels() -> Bool {
        guard failure == nil, !channels.dying.isEmpty else {
            return false
        }
        let before = channels.dying.count
        channels.dying.removeAll { unsafe libssh2_channel_free($0.pointer) != LIBSSH2_ERROR_EAGAIN }
        return channels.dying.count < before
    }

    func failOpening(_ error: SSHError) {
        let requests = (channels.active.map { [$0] } ?? []) + channels.queue
        channels.active = nil
        channels.queue = []
        for request in requests {
            request.answer?(self, .failure(error))
        }
    }

    /// A server that allows a few sessions only is asked again when one of ours has ended.
    private func isPossible(_ request: ChannelRequest) -> Bool {
        guard request.kind.isSession, let limit = channels.sessionLimit else {
            return true
        }
        return channels.sessionCount < limit
    }

    private func dropAbandonedRequests() -> Bool {
        let before = channels.queue.count
        channels.queue.removeAll { request in
            guard let error = reasonToDrop(request) else {
                return false
            }
            request.answer?(self, .failure(error))
            return true
        }
        // The library cannot stop in the middle, so the active one only loses its caller.
        if let active = channels.active, let answer = active.answer, let error = reasonToDrop(active) {
            channels.active?.answer = nil
            answer(self, .failure(error))
        }
        return channels.queue.count < before
    }

    private func reasonToDrop(_ request: ChannelRequest) -> (any Error)? {
        if request.ticket.isCancelled {
            return CancellationError()
        }
        return request.deadline?.hasPassed == true ? SSHError.timedOut(endpoint, stage: .channel) : nil
    }

    /// Returns false while the library waits for the server.
    private func tryOpening(_ request: ChannelRequest) -> Bool {
        guard let session = unsafe session else {
            return false
        }
        let made = unsafe callOpen(session, request.kind)
        guard let made = unsafe made else {
            let code = unsafe libssh2_session_last_errno(session)
            guard code != LIBSSH2_ERROR_EAGAIN else {
                return false
            }
            channels.active = nil
            if code == LIBSSH2_ERROR_CHANNEL_FAILURE, request.kind.isSession, channels.sessionCount > 0 {
                channels.sessionLimit = channels.sessionCount
                channels.queue.insert(request, at: 0)
            } else {
                request.answer?(self, .failure(error(Int(code), request.kind.operation)))
            }
            return true
        }
        channels.active = nil
        let channel = unsafe OpenChannel(pointer: made, isSession: request.kind.isSession)
        guard let answer = request.answer else {
            channels.dying.append(channel)
            return true
        }
        channels.nextNumber += 1
        channels.open[channels.nextNumber] = channel
        answer(self, .success(channels.nextNumber))
        return true
    }

    private func callOpen(_ session: OpaquePointer, _ kind: ChannelKind) -> OpaquePointer? {
        switch kind {
        case .session:
            // The sizes of the library's own `libssh2_channel_open_session`.
            unsafe libssh2_channel_open_ex(session, "session", 7, 2 << 20, 32 << 10, nil, 0)
        case .direct(let target):
            unsafe libssh2_channel_direct_tcpip_ex(session, target.host, Int32(target.port), "127.0.0.1", 22)
        }
    }
}
