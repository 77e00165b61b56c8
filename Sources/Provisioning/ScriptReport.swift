// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What a script reported: lines `::KEY VALUE`, several for a text of several lines.
struct ScriptReport: Sendable, Equatable {
    /// Why a script gave up: the word and the words after it.
    struct Failure: Sendable, Equatable {
        var kind: String
        var detail: String
    }

    private(set) var failure: Failure?
    /// Whether the script got to its end.
    private(set) var isComplete = false
    private var values: [String: [String]] = [:]

    /// Reads the standard output of a script; lines of any other form are skipped.
    init(parsing output: String) {
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) where line.hasPrefix("::") {
            let parts = line.dropFirst(2).split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(parts.first ?? "")
            let value = parts.count > 1 ? String(parts[1]) : nil
            switch key {
            case "fail" where failure == nil:
                let words = (value ?? "").split(separator: " ", maxSplits: 1)
                failure = Failure(
                    kind: words.first.map(String.init) ?? "",
                    detail: words.count > 1 ? String(words[1]) : ""
                )
            case "done": isComplete = true
            default: values[key, default: []] += value.map { [$0] } ?? []
            }
        }
    }

    /// The last value of a key.
    subscript(key: String) -> String? { values[key]?.last }

    /// All values of a key, in order.
    func all(_ key: String) -> [String] { values[key] ?? [] }

    /// The lines of a text, each with its end; empty for an empty text, `nil` when none was reported.
    func text(_ key: String) -> String? {
        values[key].map { lines in lines.map { $0 + "\n" }.joined() }
    }
}
