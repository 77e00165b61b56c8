// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// An instant as providers write it.
package struct UTCTime: Sendable {
    /// Seconds since 1970.
    package let seconds: Int

    package init(seconds: Int) {
        self.seconds = seconds
    }

    /// `20130524T000000Z` (ISO 8601, basic).
    package var compact: String { text(date: "", time: "") }

    /// `20130524`.
    var compactDate: String { String(compact.prefix(8)) }

    private func text(date: String, time: String) -> String {
        let (days, rest) = (seconds.floored(by: 86_400), seconds - seconds.floored(by: 86_400) * 86_400)
        let (year, month, day) = Self.civil(days)
        let fields = [year, month, day, rest / 3600, rest / 60 % 60, rest % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return fields[..<3].joined(separator: date) + "T" + fields[3...].joined(separator: time) + "Z"
    }

    /// The Gregorian date of a day since 1970-01-01; years are counted from March, so that leap days come last.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.floored(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Int {
    fileprivate func floored(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}
