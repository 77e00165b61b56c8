// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Points in time as engines write them.
package enum WallTime {
    /// Seconds since 1970, UTC.
    package static var now: Double {
        Double(nanoseconds) / 1e9
    }

    /// Nanoseconds since 1970, UTC.
    package static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Seconds since 1970 of `2026-11-22T18:14:59.26Z` or with an offset as `+01:00`.
    ///
    /// `nil` for anything else, and for the year 1, Go's word for never.
    package static func parse(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]), year > 1, (1...12).contains(month)
        else {
            return nil
        }
        var rest = bytes[19...]
        var fraction = 0.0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { $0 >= 48 && $0 <= 57 }
            fraction = Double("0." + String(decoding: digits, as: UTF8.self)) ?? 0
            rest = rest.dropFirst(digits.count + 1)
        }
        let seconds = daysSince1970(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
        return Double(seconds - offset(rest)) + fraction
    }

    /// As Go writes times: `2026-11-22T18:14:59Z`.
    package static func format(_ seconds: Double) -> String {
        var time = time_t(max(0, min(seconds, 253_402_300_799)))
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String {
            value < 10 ? "0\(value)" : "\(value)"
        }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }

    /// A length of time as the engine tells it to people: `About a minute`, `3 weeks`.
    package static func describe(seconds: Double) -> String {
        let whole = Int(max(0, min(seconds, 1e12)))
        let hours = Int(max(0, min(seconds, 1e12)) / 3600 + 0.5)
        switch (whole, hours) {
        case (0, _): return "Less than a second"
        case (1, _): return "1 second"
        case (..<60, _): return "\(whole) seconds"
        case (..<120, _): return "About a minute"
        case (..<3600, _): return "\(whole / 60) minutes"
        case (_, 1): return "About an hour"
        case (_, ..<48): return "\(hours) hours"
        case (_, ..<336): return "\(hours / 24) days"
        case (_, ..<1440): return "\(hours / 24 / 7) weeks"
        case (_, ..<17_520): return "\(hours / 24 / 30) months"
        default: return "\(whole / 3600 / 24 / 365) years"
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        Int(String(decoding: digits, as: UTF8.self))
    }

    private static func offset(_ zone: ArraySlice<UInt8>) -> Int {
        let text = String(decoding: zone.dropFirst(), as: UTF8.self).split(separator: ":").compactMap { Int($0) }
        guard zone.first == UInt8(ascii: "+") || zone.first == UInt8(ascii: "-"), text.count == 2 else {
            return 0
        }
        return (text[0] * 60 + text[1]) * (zone.first == UInt8(ascii: "-") ? -60 : 60)
    }

    /// The number of a day in the calendar that has always been Gregorian.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        // Years that begin in March put the leap day at the end.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
