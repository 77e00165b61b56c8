// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A number of bytes, read and printed in the units that Docker uses.
package struct ByteCount: Hashable, Sendable, Comparable {
    package var bytes: Int64

    package init(_ bytes: Int64) {
        self.bytes = bytes
    }

    /// Reads `512`, `512b`, `64k`, `1.5g`, `2GiB` and the like: units of 1024, case ignored.
    ///
    /// Returns `nil` for anything else, negative sizes, and sizes beyond 2⁶³.
    package init?(parsing text: String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), number.isFinite else {
            return nil
        }
        let shift: Double
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": shift = 0
        case "k", "kb", "kib": shift = 10
        case "m", "mb", "mib": shift = 20
        case "g", "gb", "gib": shift = 30
        case "t", "tb", "tib": shift = 40
        default: return nil
        }
        var scale = 1.0
        for _ in 0..<Int(shift) {
            scale *= 2
        }
        guard let bytes = Int64(exactly: (number * scale).rounded()) else {
            return nil
        }
        self.bytes = bytes
    }

    package static func < (left: ByteCount, right: ByteCount) -> Bool {
        left.bytes < right.bytes
    }

    /// In IEC units with four significant digits and no trailing zeros, as `docker info` prints
    /// them: `1.952 GiB`, `512 MiB`, `0 B`.
    package var iec: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(fourDigits(value)) \(units[unit])"
    }

    private func fourDigits(_ value: Double) -> String {
        let places = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3
        var scale = 1.0
        for _ in 0..<places {
            scale *= 10
        }
        let scaled = (value * scale).rounded()
        guard let number = Int64(exactly: scaled), let factor = Int64(exactly: scale) else {
            return "\(value)"
        }
        var fraction = String(number % factor)
        fraction = String(repeating: "0", count: max(0, places - fraction.count)) + fraction
        while fraction.last == "0" {
            fraction.removeLast()
        }
        return places == 0 || fraction.isEmpty ? "\(number / factor)" : "\(number / factor).\(fraction)"
    }
}
