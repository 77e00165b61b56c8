// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// How long a certificate is good, in whole seconds.
package struct CertificateLife: Sendable, Hashable, CustomStringConvertible {
    /// What may be asked for: 10 seconds to 3650 days.
    package static let bounds = 10...CertificateAuthority.lifeInDays * 86400

    private static let units: [(letter: Character, seconds: Int)] = [
        ("d", 86400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    package let seconds: Int

    package init(seconds: Int) {
        self.seconds = seconds
    }

    /// A number of days; one beyond what can be counted is the largest there is.
    package static func days(_ days: Int) -> CertificateLife {
        let (seconds, isTooLarge) = days.multipliedReportingOverflow(by: 86400)
        return CertificateLife(seconds: isTooLarge ? (days < 0 ? .min : .max) : seconds)
    }

    /// Reads a number of days, or a number with one of the units `d`, `h`, `m` and `s`: `90`, `12h`, `2m`.
    ///
    /// - Returns: `nil` when it is none, or outside of ``bounds``.
    package init?(_ text: String) {
        let unit = Self.units.first { text.last == $0.letter }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int(digits)
        else {
            return nil
        }
        let (seconds, isTooLarge) = count.multipliedReportingOverflow(by: unit?.seconds ?? 86400)
        guard !isTooLarge, Self.bounds.contains(seconds) else {
            return nil
        }
        self.seconds = seconds
    }

    /// As it is read, in the largest unit that gives a whole number: `90 days` is `90d`.
    package var description: String {
        let unit = Self.units.first { seconds % $0.seconds == 0 } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}
