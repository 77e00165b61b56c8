// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// What one check of `swarmctl doctor` found.
package struct Verdict: Sendable, Equatable, Encodable {
    /// How bad it is.
    package enum Level: String, Sendable, Encodable {
        case ok, warning, failed
    }

    /// What was looked at: `store`, a cluster's or a machine's name.
    package var subject: String
    /// As in `engine`.
    package var check: String
    package var level: Level
    package var detail: String
    package var hint: String?
    /// The class of a failure.
    package var kind: ErrorKind?

    private enum CodingKeys: CodingKey {
        case subject, check, level, detail, hint
    }

    package static func ok(_ subject: String, _ check: String, _ detail: String) -> Verdict {
        Verdict(subject: subject, check: check, level: .ok, detail: detail)
    }

    package static func warning(_ subject: String, _ check: String, _ detail: String, hint: String?) -> Verdict {
        Verdict(subject: subject, check: check, level: .warning, detail: detail, hint: hint)
    }

    package static func failed(_ subject: String, _ check: String, _ error: any Error) -> Verdict {
        let report = ErrorReport(error)
        return Verdict(
            subject: subject,
            check: check,
            level: .failed,
            detail: report.message,
            hint: report.hint,
            kind: report.kind
        )
    }

    package static func failed(
        _ subject: String,
        _ check: String,
        _ detail: String,
        hint: String?,
        kind: ErrorKind
    ) -> Verdict {
        Verdict(subject: subject, check: check, level: .failed, detail: detail, hint: hint, kind: kind)
    }

    /// The line shown, with the hint below it.
    ///
    /// - Parameter hasColor: whether the word at the beginning is coloured.
    /// - Returns: one line or two.
    package func lines(hasColor: Bool) -> [String] {
        let (word, color) =
            switch level {
            case .ok: ("ok  ", "32")
            case .warning: ("warn", "33")
            case .failed: ("FAIL", "31")
            }
        let head = hasColor ? "\u{1B}[\(color)m\(word)\u{1B}[0m" : word
        let hint = level == .ok ? nil : self.hint
        return ["\(head)  \(subject): \(check): \(detail)"] + (hint.map { ["      Hint: \($0)"] } ?? [])
    }
}
