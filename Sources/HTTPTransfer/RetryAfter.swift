// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The time of day.
package enum WallClock {
    /// Seconds since 1970, UTC.
    package static func seconds() -> Int {
        time(nil)
    }
}

/// Reads the header of that name.
enum RetryAfter {
    /// Understands both forms of the value.
    ///
    /// - Parameters:
    ///   - value: `120`, or a date as in RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///   - now: seconds since 1970, UTC.
    /// - Returns: the wait in seconds, 0 or more; `nil` for what is neither a number nor a date.
    static func seconds(in value: String, now: Int) -> Int? {
        if let seconds = Int(value) {
            return seconds >= 0 ? seconds : nil
        }
        return date(value).map { max(0, $0 - now) }
    }

    /// Seconds since 1970, UTC.
    private static func date(_ text: String) -> Int? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = months.firstIndex(of: String(words[2])), (1...31).contains(day), (1970...9999).contains(year)
        else {
            return nil
        }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2])
        else {
            return nil
        }
        return days(year: year, month: month + 1, day: day) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar: years counted from March, so that leap days come last.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
