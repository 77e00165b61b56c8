// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// Addresses of engines with ranges: `10.0.0.[10:200]:2375`.
package enum AddressList {
    /// The most addresses one list may stand for.
    package static let limit = 100_000

    /// Reads a list with commas; the order is kept, repetitions are dropped.
    ///
    /// - Throws: ``DiscoveryError/malformedAddress(_:detail:)``.
    package static func parse(_ text: String) throws(DiscoveryError) -> [String] {
        var found: [String] = []
        var known: Set<String> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = trimmed(part)
            guard !part.isEmpty else {
                throw .malformedAddress(text, detail: "an address is missing")
            }
            for address in try expand(part) where known.insert(address).inserted {
                found.append(address)
            }
        }
        return found
    }

    /// The addresses that one entry stands for.
    private static func expand(_ entry: String) throws(DiscoveryError) -> [String] {
        var results = [""]
        var rest = entry[...]
        while let open = rest.firstIndex(of: "[") {
            guard let close = rest[open...].firstIndex(of: "]") else {
                throw .malformedAddress(entry, detail: "the range is not closed")
            }
            let inner = rest[rest.index(after: open)..<close]
            let bounds = inner.split(separator: ":", omittingEmptySubsequences: false)
            let prefix = rest[..<open]
            rest = rest[rest.index(after: close)...]
            guard bounds.count == 2, !bounds.contains("") else {
                // Two colons or more: an IPv6 address in its brackets.
                guard bounds.count > 2 else {
                    throw .malformedAddress(entry, detail: "a range is written [FIRST:LAST], not [\(inner)]")
                }
                results = results.map { $0 + prefix + "[\(inner)]" }
                continue
            }
            let values = try range(bounds[0], bounds[1], of: entry)
            guard results.count * values.count <= limit else {
                throw .malformedAddress(entry, detail: "it stands for more than \(limit) addresses")
            }
            results = results.flatMap { result in values.map { result + prefix + $0 } }
        }
        return try check(results.map { $0 + rest }, entry: entry)
    }

    /// The numbers of a range, with as many digits as the first is written with.
    private static func range(
        _ first: Substring,
        _ last: Substring,
        of entry: String
    ) throws(DiscoveryError) -> [String] {
        guard first.count <= 9, last.count <= 9, let from = Int(first), let to = Int(last), from >= 0 else {
            throw .malformedAddress(entry, detail: "the range [\(first):\(last)] is not made of two numbers")
        }
        guard from <= to else {
            throw .malformedAddress(entry, detail: "the range [\(first):\(last)] runs backwards")
        }
        guard to - from < limit else {
            throw .malformedAddress(entry, detail: "it stands for more than \(limit) addresses")
        }
        let width = first.hasPrefix("0") ? first.count : 0
        return (from...to).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }

    private static func check(_ addresses: [String], entry: String) throws(DiscoveryError) -> [String] {
        var checked: [String] = []
        for address in addresses {
            guard let parsed = try? EngineAddress(parsing: address), !address.contains("/") || address.contains("://")
            else {
                throw .malformedAddress(entry, detail: "HOST:PORT is expected")
            }
            checked.append(parsed.description)
        }
        return checked
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
