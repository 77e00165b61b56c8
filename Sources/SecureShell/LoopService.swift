// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Something that lives on a session's thread and has descriptors of its own there.
protocol LoopService: AnyObject {
    /// What it waits for, asked before each `poll`.
    var interests: [Interest] { get }

    /// When it wants to be called even without an event.
    var nextWake: Deadline? { get }

    /// Goes on as far as it can without blocking.
    ///
    /// - Parameters:
    ///   - core: the session.
    ///   - ready: the descriptors that `poll` reported since the last call, with what for; an entry
    ///     is good for one read or write.
    /// - Returns: false when it is over, and is to be dropped.
    func step(_ core: SessionCore, ready: inout [Int32: Int16]) -> Bool

    /// The session ended; releases what it holds.
    func end(_ error: SSHError)
}

extension LoopService {
    var nextWake: Deadline? { nil }
}

/// A descriptor and the events of `poll` that matter.
struct Interest {
    var file: Int32
    var events: Int16

    static func read(_ file: Int32) -> Interest { Interest(file: file, events: Int16(POLLIN)) }
    static func write(_ file: Int32) -> Interest { Interest(file: file, events: Int16(POLLOUT)) }
}

/// Events after which a read tells more, and a write.
enum PollEvents {
    static let readable = Int16(POLLIN) | Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL)
    static let writable = Int16(POLLOUT) | Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL)
}
