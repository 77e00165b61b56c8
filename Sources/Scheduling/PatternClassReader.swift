// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

extension PatternSet {
    static let word = PatternSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let digit = PatternSet(ranges: [48...57])
    static let space = PatternSet(ranges: [9...10, 12...13, 32...32])

    /// The same characters as ranges that are not negated.
    var positiveRanges: [ClosedRange<UInt32>] {
        guard isNegated else {
            return ranges
        }
        var result: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > start {
                result.append(start...(range.lowerBound - 1))
            }
            start = max(start, range.upperBound + 1)
        }
        return result + [start...max(start, 0x10FFFF)]
    }
}

/// Reads character classes (`[^a-z\d[:alpha:]]`) and escapes (`\d`, `\.`, `\x41`).
enum PatternClassReader {
    private static let names: [String: PatternSet] = [
        "alnum": PatternSet(ranges: [48...57, 65...90, 97...122]),
        "alpha": PatternSet(ranges: [65...90, 97...122]),
        "digit": .digit,
        "lower": PatternSet(ranges: [97...122]),
        "punct": PatternSet(ranges: [33...47, 58...64, 91...96, 123...126]),
        "space": .space,
        "upper": PatternSet(ranges: [65...90]),
        "word": .word,
        "xdigit": PatternSet(ranges: [48...57, 65...70, 97...102]),
    ]

    /// Reads a class; `position` is at its `[` and then behind its `]`.
    static func read(
        _ source: [Unicode.Scalar],
        at position: inout Int,
        ignoresCase: Bool
    ) throws(Pattern.Problem) -> PatternSet {
        let start = position
        var set = PatternSet(ranges: [], ignoresCase: ignoresCase)
        position += 1
        if position < source.count, source[position] == "^" {
            set.isNegated = true
            position += 1
        }
        var isFirst = true
        while position < source.count, source[position] != "]" || isFirst {
            isFirst = false
            set.ranges += try item(source, at: &position)
        }
        guard position < source.count else {
            throw Pattern.Problem(offset: start, text: "the class is not closed")
        }
        position += 1
        return set
    }

    private static func item(
        _ source: [Unicode.Scalar],
        at position: inout Int
    ) throws(Pattern.Problem) -> [ClosedRange<UInt32>] {
        if let named = namedClass(source, at: &position) {
            return named.ranges
        }
        let start = position
        let low = try element(source, at: &position)
        guard position + 1 < source.count, source[position] == "-", source[position + 1] != "]" else {
            return low.positiveRanges
        }
        position += 1
        let high = try element(source, at: &position)
        guard let first = low.onlyScalar, let last = high.onlyScalar, first <= last else {
            throw Pattern.Problem(offset: start, text: "the range is not valid")
        }
        return [first...last]
    }

    private static func element(
        _ source: [Unicode.Scalar],
        at position: inout Int
    ) throws(Pattern.Problem) -> PatternSet {
        guard position < source.count else {
            throw Pattern.Problem(offset: position, text: "the class is not closed")
        }
        if source[position] == "\\" {
            return try escape(source, at: &position, ignoresCase: false)
        }
        let value = source[position].value
        position += 1
        return PatternSet(ranges: [value...value])
    }

    private static func namedClass(_ source: [Unicode.Scalar], at position: inout Int) -> PatternSet? {
        guard position + 1 < source.count, source[position] == "[", source[position + 1] == ":",
            let colon = source[(position + 2)...].firstIndex(of: ":"), colon + 1 < source.count,
            source[colon + 1] == "]",
            let set = names[String(String.UnicodeScalarView(source[(position + 2)..<colon]))]
        else {
            return nil
        }
        position = colon + 2
        return set
    }

    /// Reads an escape; `position` is at its backslash and then behind it.
    static func escape(
        _ source: [Unicode.Scalar],
        at position: inout Int,
        ignoresCase: Bool
    ) throws(Pattern.Problem) -> PatternSet {
        guard position + 1 < source.count else {
            throw Pattern.Problem(offset: position, text: "a backslash ends the expression")
        }
        let scalar = source[position + 1]
        let set: PatternSet
        switch scalar {
        case "d": set = .digit
        case "D": set = PatternSet(ranges: PatternSet.digit.ranges, isNegated: true)
        case "w": set = .word
        case "W": set = PatternSet(ranges: PatternSet.word.ranges, isNegated: true)
        case "s": set = .space
        case "S": set = PatternSet(ranges: PatternSet.space.ranges, isNegated: true)
        case "n": set = PatternSet(ranges: [10...10])
        case "t": set = PatternSet(ranges: [9...9])
        case "x": return try hexadecimal(source, at: &position, ignoresCase: ignoresCase)
        default:
            guard !PatternSet.word.contains(scalar) else {
                throw Pattern.Problem(offset: position, text: "unknown escape \"\\\(scalar)\"")
            }
            set = PatternSet(ranges: [scalar.value...scalar.value], ignoresCase: ignoresCase)
        }
        position += 2
        return set
    }

    private static func hexadecimal(
        _ source: [Unicode.Scalar],
        at position: inout Int,
        ignoresCase: Bool
    ) throws(Pattern.Problem) -> PatternSet {
        let digits = source[(position + 2)...].prefix(2)
        guard digits.count == 2, let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16) else {
            throw Pattern.Problem(offset: position, text: "\\x takes two hexadecimal digits")
        }
        position += 4
        return PatternSet(ranges: [value...value], ignoresCase: ignoresCase)
    }
}

extension PatternSet {
    /// Its only character, if it has one.
    fileprivate var onlyScalar: UInt32? {
        guard !isNegated, ranges.count == 1, let range = ranges.first, range.count == 1 else {
            return nil
        }
        return range.lowerBound
    }
}
