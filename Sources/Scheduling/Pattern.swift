// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A glob (`us-*`) or a regular expression in RE2's syntax (`/node[12]/`), matched in linear time.
///
/// Clients write patterns, so a match must not take exponential time: the expression becomes a
/// program for a machine that follows all possibilities at once (Thompson's construction). Back
/// references, which that rules out, are not in RE2 either.
package struct Pattern: Sendable {
    /// Why a pattern cannot be read, and at which character, counted from 0.
    struct Problem: Error, Equatable {
        let offset: Int
        let text: String
    }

    private enum Kind: Sendable {
        case literal(String)
        case program(PatternProgram)
    }

    private let kind: Kind

    /// Reads the value of an expression: between slashes a regular expression, else a glob.
    init(value: String) throws(Problem) {
        if value.count >= 2, value.hasPrefix("/"), value.hasSuffix("/") {
            let source = String(value.dropFirst().dropLast())
            do throws(Problem) {
                kind = .program(try PatternProgram(regularExpression: source))
            } catch {
                throw Problem(offset: error.offset + 1, text: error.text)
            }
        } else if value.contains("*") {
            kind = .program(PatternProgram(glob: value))
        } else {
            kind = .literal(value)
        }
    }

    /// The only text that matches, when there is just one.
    var literal: String? {
        if case .literal(let value) = kind { value } else { nil }
    }

    /// Reads a regular expression that matches anywhere in a text, as Go's `regexp.MatchString`.
    ///
    /// Returns `nil` for what RE2 would refuse.
    package init?(regularExpression source: String) {
        guard let program = try? PatternProgram(regularExpression: source) else {
            return nil
        }
        kind = .program(program)
    }

    package func matches(_ text: String) -> Bool {
        switch kind {
        case .literal(let value): value == text
        case .program(let program): program.matches(text)
        }
    }
}
