// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import SwarmCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A way to give one command to a running qemu.
package protocol MonitorTalking: Sendable {
    /// Gives `command`, which takes no arguments, to the qemu that listens at `socket`.
    ///
    /// - Returns: what it returned, as a JSON object.
    /// - Throws: ``MonitorError``, `DeadlineExceeded`, `CancellationError`.
    func execute(_ command: String, at socket: String, deadline: Deadline) async throws -> JSON
}

/// Why a qemu did not do what it was told.
package enum MonitorError: Error, Equatable {
    /// Nobody listens.
    case absent
    /// It hung up in the middle, as it does when it ends.
    case hungUp
    case refused(String)
    /// It said something that is not of its protocol.
    case badAnswer
}

/// QMP, qemu's protocol of JSON objects, over its socket: a connection for each command.
package struct QEMUMonitor: MonitorTalking {
    package init() {}

    package func execute(_ command: String, at socket: String, deadline: Deadline) async throws -> JSON {
        let operation = "telling qemu to \(command)"
        let connection = try MonitorConnection(deadline, operation: operation)
        return try await withDeadline(deadline, operation: operation) {
            try await withTaskCancellationHandler {
                do {
                    return try await runBlocking { try connection.perform(command, at: socket) }
                } catch {
                    try Task.checkCancellation()
                    throw error
                }
            } onCancel: {
                connection.hangUp()
            }
        }
    }
}

/// One connection, for one thread that blocks and others that hang up.
private final class MonitorConnection: Sendable {
    /// Longer lines are not of this protocol.
    private static let longestLine = 1 << 20

    private let file: Int32
    private let operation: String
    private let unread = Mutex<[UInt8]>([])

    init(_ deadline: Deadline, operation: String) throws {
        #if canImport(Glibc)
        file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        file = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard file >= 0 else {
            throw FileError(action: "open", path: "a socket", code: errno)
        }
        self.operation = operation
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        // A bound for each call, also for connecting to one that has no room for more.
        let milliseconds = max(1, deadline.remainingMilliseconds)
        var time = timeval()
        time.tv_sec = .init(milliseconds / 1000)
        time.tv_usec = .init(milliseconds % 1000 * 1000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(file, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit {
        close(file)
    }

    /// Makes the thread in ``perform(_:at:)`` return.
    func hangUp() { shutdown(file, Int32(SHUT_RDWR)) }

    func perform(_ command: String, at path: String) throws -> JSON {
        try connect(path)
        guard try !next()["QMP"].isNull else {
            throw MonitorError.badAnswer
        }
        _ = try ask("qmp_capabilities")
        return try ask(command)
    }

    private func ask(_ command: String) throws -> JSON {
        try send(try JSON.object(["execute": .string(command)]).bytes() + [UInt8(ascii: "\n")])
        // Events come in between.
        while true {
            let answer = try next()
            if let problem = answer["error"]["desc"].text {
                throw MonitorError.refused(problem)
            }
            if answer.members["return"] != nil {
                return answer["return"]
            }
        }
    }

    private func connect(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard bytes.count < room.count else {
                return false
            }
            room.copyBytes(from: bytes)
            return true
        }
        guard isShort else {
            throw FileError(action: "connect to", path: path, code: ENAMETOOLONG)
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Self.connect(file, $0, size) }
        }
        guard result == 0 else {
            throw [ENOENT, ECONNREFUSED].contains(errno) ? MonitorError.absent : failure()
        }
    }

    /// Why the call that just failed did: `errno`, before anything else sets it.
    private func failure() -> any Error {
        // The socket's own bound can end before the task that waits at the same deadline.
        [EAGAIN, EWOULDBLOCK].contains(errno) ? DeadlineExceeded(operation: operation) : MonitorError.hungUp
    }

    private static func connect(_ file: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
        #if canImport(Glibc)
        Glibc.connect(file, address, size)
        #else
        Darwin.connect(file, address, size)
        #endif
    }

    private func send(_ bytes: [UInt8]) throws {
        #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL)
        let sent = Glibc.send(file, bytes, bytes.count, flags)
        #else
        let sent = Darwin.send(file, bytes, bytes.count, 0)
        #endif
        // A few bytes into an empty buffer: all or nothing.
        guard sent == bytes.count else {
            throw sent < 0 ? failure() : MonitorError.hungUp
        }
    }

    private func next() throws -> JSON {
        let line = try unread.withLock { unread -> [UInt8] in
            var block = [UInt8](repeating: 0, count: 4096)
            while true {
                if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { unread.removeSubrange(...end) }
                    return Array(unread[..<end])
                }
                guard unread.count < Self.longestLine else {
                    throw MonitorError.badAnswer
                }
                let count = recv(file, &block, block.count, 0)
                guard count > 0 else {
                    throw count < 0 ? failure() : MonitorError.hungUp
                }
                unread += block[..<count]
            }
        }
        guard let value = try? JSON(parsing: line) else {
            throw MonitorError.badAnswer
        }
        return value
    }
}
