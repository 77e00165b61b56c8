// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A TCP connection to a server on this host, whose calls block: for threads of one's own.
final class LoopbackSocket: Sendable {
    #if canImport(Glibc)
    private static let stream = Int32(SOCK_STREAM.rawValue)
    private static let flags = Int32(MSG_NOSIGNAL)
    #else
    private static let stream = SOCK_STREAM
    private static let flags: Int32 = 0
    #endif

    private let file: Int32

    /// Connects to `port` of 127.0.0.1.
    ///
    /// - Throws: ``GoRPCError/connection(problem:)``.
    init(port: UInt16) throws(GoRPCError) {
        file = socket(AF_INET, Self.stream, 0)
        guard file >= 0 else {
            throw .connection(problem: Self.words(errno))
        }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        // Requests are small and read at once; one that is not within this time never will be.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                connect(file, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(file)
            throw .connection(problem: Self.words(code))
        }
    }

    deinit {
        close(file)
    }

    /// Writes all of `bytes`.
    func write(_ bytes: [UInt8]) throws(GoRPCError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(file, $0.baseAddress, $0.count, Self.flags) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .connection(problem: Self.words(errno))
            }
        }
    }

    /// What has come, at least a byte; empty at the end.
    func read() throws(GoRPCError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(file, $0.baseAddress, $0.count, 0) }
            if count >= 0 {
                return Array(buffer.prefix(count))
            }
            guard errno == EINTR else {
                throw .connection(problem: Self.words(errno))
            }
        }
    }

    /// From now on a read fails that waits longer than `seconds`; 0 lets all wait for ever.
    func limitReads(seconds: Int) {
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Ends both directions, which also ends a read that waits.
    func shutDown() { _ = shutdown(file, Int32(SHUT_RDWR)) }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
