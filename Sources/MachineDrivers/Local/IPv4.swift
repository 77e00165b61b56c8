// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// An IPv4 network: what is needed to choose subnets and addresses.
package struct IPv4Network: Hashable, Sendable, CustomStringConvertible {
    package let base: UInt32
    /// 0 to 32.
    package let length: Int

    /// Reads `10.0.0.0/8`; bits after the prefix are cleared.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Self.address(String(parts[0])), let length = Int(parts[1]),
            (0...32).contains(length)
        else {
            return nil
        }
        self.init(address, length: length)
    }

    package init(_ address: UInt32, length: Int) {
        self.length = min(max(length, 0), 32)
        base = address & Self.mask(self.length)
    }

    /// How many addresses it has.
    package var size: UInt64 { 1 << UInt64(32 - length) }

    package var description: String { "\(Self.text(base))/\(length)" }

    package func contains(_ address: UInt32) -> Bool { address & Self.mask(length) == base }

    package func overlaps(_ other: IPv4Network) -> Bool {
        contains(other.base) || other.contains(base)
    }

    package static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : ~0 << UInt32(32 - length) }

    /// Reads `10.0.0.1`.
    package static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else {
            return nil
        }
        return parts.reduce(UInt32?(0)) { sum, part in
            sum.flatMap { sum in part.map { sum << 8 | UInt32($0) } }
        }
    }

    package static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> $0 & 255) }.joined(separator: ".")
    }
}

/// Chooses subnets and addresses for hosts.
package enum Addressing {
    /// Room for 1020 hosts a network; away from what homes and offices use.
    private static let range = IPv4Network(0x0AE9_0000, length: 16)
    private static let subnetLength = 22

    /// The subnets of 10.233.0.0/16 that overlap none of `taken`, in order.
    package static func freeSubnets(taken: [IPv4Network]) -> [IPv4Network] {
        let step = UInt32(1) << UInt32(32 - subnetLength)
        return stride(from: range.base, to: range.base + UInt32(range.size), by: Int(step))
            .map { IPv4Network($0, length: subnetLength) }
            .filter { subnet in !taken.contains { $0.overlaps(subnet) } }
    }

    /// A free address of `subnet` for the machine with `id`; `nil` when there is none.
    ///
    /// The search begins at a place that depends on `id`, so that machines that are made at the same
    /// time by different runs hardly ever ask for the same one.
    package static func freeAddress(in subnet: IPv4Network, id: String, taken: Set<UInt32>) -> UInt32? {
        // The network, its gateway and its broadcast address are no host's.
        guard subnet.size > 4 else {
            return nil
        }
        let count = UInt32(clamping: subnet.size - 3)
        let start = UInt32(truncatingIfNeeded: hash(id) % UInt64(count))
        for step in 0..<count {
            let address = subnet.base + 2 + (start + step) % count
            if !taken.contains(address) {
                return address
            }
        }
        return nil
    }

    /// FNV-1a: the same on every run, unlike Swift's own hashes.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// Reads the networks in Linux's `/proc/net/route`, without the default route.
    package static func routes(in table: String) -> [IPv4Network] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t").map { $0.filter { !$0.isWhitespace } }
            guard fields.count > 7, let destination = UInt32(fields[1], radix: 16),
                let mask = UInt32(fields[7], radix: 16),
                mask != 0
            else {
                return nil
            }
            return IPv4Network(destination.byteSwapped, length: mask.nonzeroBitCount)
        }
    }
}
