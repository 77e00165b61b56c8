// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// An IPv4 network.
package struct HostNetwork: Sendable, Equatable, CustomStringConvertible {
    package let address: UInt32
    /// 0 to 32.
    package let bits: Int

    /// Reads `A.B.C.D/N`, with the address of a host in it or its own; `nil` for anything else.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bits = Int(parts[1]), (0...32).contains(bits),
            let address = Self.number(of: String(parts[0]))
        else {
            return nil
        }
        self.init(address: address, bits: bits)
    }

    package init(address: UInt32, bits: Int) {
        self.address = address & Self.mask(bits)
        self.bits = bits
    }

    package var mask: UInt32 { Self.mask(bits) }
    package var description: String { "\(Self.text(of: address))/\(bits)" }

    package func overlaps(_ other: HostNetwork) -> Bool {
        let common = Self.mask(min(bits, other.bits))
        return address & common == other.address & common
    }

    package func contains(_ other: HostNetwork) -> Bool { other.bits >= bits && other.address & mask == address }

    private static func mask(_ bits: Int) -> UInt32 { bits == 0 ? 0 : UInt32.max << UInt32(32 - bits) }

    /// The number of a dotted address; `nil` for anything else.
    package static func number(of address: String) -> UInt32? {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, parts.allSatisfy({ $0 != nil }) else {
            return nil
        }
        return parts.reduce(0) { $0 << 8 | UInt32($1 ?? 0) }
    }

    package static func text(of number: UInt32) -> String {
        [24, 16, 8, 0].map { String(number >> UInt32($0) & 255) }.joined(separator: ".")
    }

    /// The networks of routes in the form of Linux's `/proc/net/route`, with their interfaces.
    package static func routes(in text: String) -> [(interface: String, network: HostNetwork)] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, let target = UInt32(fields[1], radix: 16), let mask = UInt32(fields[7], radix: 16)
            else {
                return nil
            }
            // In the byte order of the machine, which is little-endian wherever VirtualBox runs.
            return (String(fields[0]), HostNetwork(address: target.byteSwapped, bits: mask.nonzeroBitCount))
        }
    }
}

/// Addresses and ports of this host.
enum HostPorts {
    #if canImport(Glibc)
    private static let stream = Int32(SOCK_STREAM.rawValue)
    private static let datagram = Int32(SOCK_DGRAM.rawValue)
    #else
    private static let stream = SOCK_STREAM
    private static let datagram = SOCK_DGRAM
    #endif

    /// The address from which this host reaches others: guests behind NAT and the host itself both reach it.
    static func primaryAddress() -> String? {
        let file = socket(AF_INET, datagram, 0)
        guard file >= 0 else {
            return nil
        }
        defer { close(file) }
        // Nothing is sent: connecting a datagram socket only picks the address. TEST-NET-1 is nobody's.
        var target = address(0xC000_0201, port: 9)
        var own = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isKnown = withSocketAddress(&target) { connect(file, $0, size) == 0 }
        guard isKnown, withSocketAddress(&own, { getsockname(file, $0, &size) == 0 }) else {
            return nil
        }
        let number = UInt32(bigEndian: own.sin_addr.s_addr)
        return number == 0 ? nil : HostNetwork.text(of: number)
    }

    /// `port` of `host`, or any free one for 0; `nil` when it cannot be listened on now.
    static func free(_ port: UInt16, on host: String) -> UInt16? {
        guard let number = HostNetwork.number(of: host) else {
            return nil
        }
        let file = socket(AF_INET, stream, 0)
        guard file >= 0 else {
            return nil
        }
        defer { close(file) }
        // Connections through a forward that ended a moment ago do not keep its port, but who listens does.
        var isOn: Int32 = port == 0 ? 0 : 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var own = address(number, port: port)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withSocketAddress(&own, { bind(file, $0, size) == 0 && getsockname(file, $0, &size) == 0 }) else {
            return nil
        }
        return UInt16(bigEndian: own.sin_port)
    }

    private static func address(_ number: UInt32, port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = number.bigEndian
        return address
    }

    private static func withSocketAddress<Value>(
        _ address: inout sockaddr_in,
        _ body: (UnsafeMutablePointer<sockaddr>) -> Value
    ) -> Value {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }
}
