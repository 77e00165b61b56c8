// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser

/// A time as Go programs write it: `60s`, `1m30s`, `500ms`, `0`.
struct GoDuration: ExpressibleByArgument, Sendable, Equatable, CustomStringConvertible {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    /// Reads a time; `nil` for anything else.
    init?(argument: String) {
        var rest = argument[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" {
            rest = rest.dropFirst()
        }
        if rest == "0" {
            duration = .zero
            return
        }
        var seconds = 0.0
        guard !rest.isEmpty else {
            return nil
        }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let scale = Self.scale(of: unit) else {
                return nil
            }
            seconds += number * scale
        }
        guard seconds.isFinite, seconds < 1e9 else {
            return nil
        }
        duration = .seconds(isNegative ? -seconds : seconds)
    }

    /// In seconds, as in `90s` or `0.5s`.
    var description: String {
        let (seconds, attoseconds) = duration.components
        let value = Double(seconds) + Double(attoseconds) / 1e18
        return value == value.rounded() ? "\(Int(value))s" : "\(value)s"
    }

    var defaultValueDescription: String { description }

    private static func scale(of unit: Substring) -> Double? {
        switch unit {
        case "ns": 1e-9
        case "us", "µs": 1e-6
        case "ms": 1e-3
        case "s": 1
        case "m": 60
        case "h": 3600
        default: nil
        }
    }
}
