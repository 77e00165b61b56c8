// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Calls on sockets that are the same for every kind of socket here: not blocking, closed on exec,
/// and no signal for a peer that is gone.
enum SystemSocket {
    #if canImport(Glibc)
    static let stream = Int32(SOCK_STREAM.rawValue)
    static let noSignal = Int32(MSG_NOSIGNAL)
    #else
    static let stream = SOCK_STREAM
    static let noSignal: Int32 = 0
    #endif

    /// Makes `file` not block and not be inherited by child processes.
    static func prepare(_ file: Int32) {
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK)
        #if canImport(Darwin)
        var on: Int32 = 1
        _ = unsafe setsockopt(file, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    /// Turns Nagle's delay off: keystrokes and small requests go out at once.
    static func setNoDelay(_ file: Int32) {
        var on: Int32 = 1
        _ = unsafe setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Two connected sockets; nil when the process has no more descriptors.
    static func pair() -> (Int32, Int32)? {
        var files: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, stream, 0, &files) == 0 else {
            return nil
        }
        files.forEach(prepare)
        return (files[0], files[1])
    }

    /// A socket that listens on 127.0.0.1, and its port; nil with `errno` set when it cannot.
    static func listenOnLoopback(port: UInt16) -> (file: Int32, port: UInt16)? {
        let file = socket(AF_INET, stream, 0)
        guard file >= 0 else {
            return nil
        }
        prepare(file)
        var on: Int32 = 1
        _ = unsafe setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(file, pointer, size) == 0 && listen(file, 128) == 0
                    && getsockname(file, pointer, &size) == 0
            }
        }
        guard isReady else {
            let code = errno
            close(file)
            errno = code
            return nil
        }
        return (file, UInt16(bigEndian: address.sin_port))
    }

    /// The pending error of a socket, as after a connect; 0 for none.
    static func pendingError(_ file: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            return errno
        }
        return code
    }

    /// The shortest round trip to the peer that the kernel has seen; nil where it does not tell: not on Linux, no TCP.
    static func roundTrip(_ file: Int32) -> Duration? {
        #if canImport(Glibc)
        // tcpi_min_rtt, in microseconds, which the kernel has since 4.6 and the C library's structure has not.
        let place = 148..<152
        var info = [UInt8](repeating: 0, count: place.upperBound)
        var size = socklen_t(info.count)
        guard unsafe getsockopt(file, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0, size >= info.count else {
            return nil
        }
        let microseconds = unsafe info[place].withUnsafeBytes { bytes in unsafe bytes.loadUnaligned(as: UInt32.self) }
        // All bits: nothing was measured yet.
        return microseconds == .max ? nil : .microseconds(Int64(microseconds))
        #else
        return nil
        #endif
    }

    /// The system's words for an `errno`.
    static func text(_ code: Int32) -> String {
        unsafe String(cString: strerror(code))
    }
}

/// Wakes a thread that waits in `poll`; may be rung from any thread.
final class Bell: Sendable {
    /// What the waiting thread polls for reading.
    let file: Int32
    private let ringer: Int32

    /// - Throws: ``SSHError/unreachable(_:detail:)`` when the process has no more descriptors.
    init(for endpoint: SSHEndpoint) throws(SSHError) {
        guard let (reader, writer) = SystemSocket.pair() else {
            throw .unreachable(endpoint, detail: SystemSocket.text(errno))
        }
        file = reader
        ringer = writer
    }

    deinit {
        close(file)
        close(ringer)
    }

    func ring() {
        let byte: [UInt8] = [1]
        // A full socket means that the other side will wake up anyway.
        _ = unsafe send(ringer, byte, 1, SystemSocket.noSignal)
    }

    /// Forgets the rings so far.
    func silence() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while unsafe recv(file, &bytes, bytes.count, 0) == bytes.count {
        }
    }
}
