// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

struct SystemFailure: Error {
    let code: Int32
}

/// Listens on a loopback port and never answers.
///
/// - Returns: the socket, to be closed by the caller, and the port.
/// - Throws: ``SystemFailure``.
func listenSilently() throws -> (Int32, UInt16) {
    #if canImport(Glibc)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
    let listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    // As servers do, so that the port is free again when it ends.
    var isOn: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(listener, generic, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, generic, &size) == 0
        }
    }
    guard status else {
        throw SystemFailure(code: errno)
    }
    return (listener, UInt16(bigEndian: address.sin_port))
}

/// Listens on a socket in the file system and never answers.
///
/// - Returns: the socket, to be closed by the caller.
/// - Throws: ``SystemFailure``.
func listenSilently(at path: String) throws -> Int32 {
    #if canImport(Glibc)
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
    let listener = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix($0.count - 1)) }
    let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(listener, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 8) == 0
        }
    }
    guard status else {
        throw SystemFailure(code: errno)
    }
    return listener
}

func closeListener(_ listener: Int32) {
    close(listener)
}

/// Connects to what ``listenSilently()`` made, and ends the connection from its side, so that its port keeps a trace.
///
/// - Throws: ``SystemFailure``.
func endConnection(_ listener: Int32, _ port: UInt16) throws {
    #if canImport(Glibc)
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
    let client = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(client) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            connect(client, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    let accepted = accept(listener, nil, nil)
    guard status == 0, accepted >= 0 else {
        throw SystemFailure(code: errno)
    }
    close(accepted)
}
