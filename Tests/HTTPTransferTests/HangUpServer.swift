// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation

/// Takes every connection on a loopback port, and hangs up on it.
final class HangUpServer: Sendable {
    let port: Int
    private let listener: Int32

    /// - Parameter resets: whether it breaks connections off; else it reads first, and closes them in order.
    /// - Throws: `POSIXError`.
    init(resets: Bool) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { own in
                bind(listener, own, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, own, &size) == 0
            }
        }
        guard isOpen else {
            throw POSIXError(.init(rawValue: errno) ?? .EADDRINUSE)
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        // Ends with the listener.
        Thread.detachNewThread {
            while case let client = accept(listener, nil, nil), client >= 0 {
                var buffer = [UInt8](repeating: 0, count: 65536)
                // What was sent and is not read makes the end of a connection a reset.
                if !resets {
                    shutdown(client, Int32(SHUT_WR))
                    while read(client, &buffer, buffer.count) > 0 {}
                }
                close(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
