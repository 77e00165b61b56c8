// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Tells addresses from names, and checks CIDR blocks.
enum IPAddress {
    enum Version: Int, Sendable {
        case four = 32
        case six = 128
    }

    /// Whether `text` is an IPv4 or IPv6 address, without brackets or zone.
    static func isAddress(_ text: String) -> Bool {
        version(of: text) != nil
    }

    static func version(of text: String) -> Version? {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return .four
        }
        return inet_pton(AF_INET6, text, &six) == 1 ? .six : nil
    }

    /// A block with its host bits cleared, without `/32` or `/128`: `10.1.2.3/8` is `10.0.0.0/8`; `nil` for anything else.
    static func normalizedBlock(_ text: String) -> String? {
        guard let version = blockVersion(text) else {
            return nil
        }
        let parts = text.split(separator: "/")
        let bits = parts.count > 1 ? Int(parts[1]) ?? version.rawValue : version.rawValue
        let kind = version == .four ? AF_INET : AF_INET6
        var bytes = [UInt8](repeating: 0, count: version.rawValue / 8)
        guard inet_pton(kind, String(parts[0]), &bytes) == 1 else {
            return nil
        }
        for index in bytes.indices {
            let kept = min(8, max(0, bits - index * 8))
            bytes[index] &= kept == 0 ? 0 : UInt8(truncatingIfNeeded: 0xFF << (8 - kept))
        }
        var characters = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(kind, bytes, &characters, socklen_t(characters.count)) != nil else {
            return nil
        }
        let address = String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return bits == version.rawValue ? address : "\(address)/\(bits)"
    }

    /// The version of a block `ADDRESS/BITS` or of a single address; `nil` for anything else.
    static func blockVersion(_ text: String) -> Version? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let version = version(of: String(parts[0])) else {
            return nil
        }
        guard parts.count > 1 else {
            return version
        }
        guard parts.count == 2, let bits = Int(parts[1]), (0...version.rawValue).contains(bits) else {
            return nil
        }
        return version
    }
}
