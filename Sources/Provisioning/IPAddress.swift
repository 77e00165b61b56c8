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
