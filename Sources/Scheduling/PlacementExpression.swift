// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One condition of the form `KEY==VALUE`, `KEY!=VALUE`, or with `~` before the value: soft.
///
/// The value is a glob (`us*`) or a regular expression between slashes (`/(?i)node[12]/`), as in
/// classic swarm. A soft condition is a wish: it is dropped when nothing satisfies it.
package struct PlacementExpression: Sendable, Equatable {
    package enum Comparison: String, Sendable {
        case equal = "=="
        case unequal = "!="
    }

    package let key: String
    package let comparison: Comparison
    package let isSoft: Bool
    /// As written, without `~` and with the slashes.
    package let value: String
    /// As the user wrote it: `storage==ssd`.
    package let description: String
    let pattern: Pattern

    /// Reads `text`, the part after `constraint:` or `affinity:`.
    ///
    /// - Throws: ``SchedulingError/malformedExpression(text:offset:problem:)``.
    package init(parsing text: String) throws(SchedulingError) {
        description = text
        let characters = Array(text)
        guard let at = Self.operatorOffset(in: characters) else {
            throw .malformedExpression(text: text, offset: characters.count, problem: "one of == and != is expected")
        }
        key = String(characters[..<at])
        try Self.checkKey(key, of: text)
        comparison = characters[at] == "=" ? .equal : .unequal
        var start = at + 2
        isSoft = start < characters.count && characters[start] == "~"
        start += isSoft ? 1 : 0
        value = String(characters[start...])
        try Self.checkValue(characters[start...], of: text)
        do throws(Pattern.Problem) {
            pattern = try Pattern(value: value)
        } catch {
            throw .malformedExpression(text: text, offset: start + error.offset, problem: error.text)
        }
    }

    package static func == (left: PlacementExpression, right: PlacementExpression) -> Bool {
        left.description == right.description
    }

    /// Whether the condition holds for a thing that has all of these values.
    package func accepts(_ values: some Sequence<String>) -> Bool {
        let matches = values.contains { pattern.matches($0) }
        return matches == (comparison == .equal)
    }

    private static func operatorOffset(in characters: [Character]) -> Int? {
        characters.indices.dropLast().first {
            characters[$0 + 1] == "=" && (characters[$0] == "=" || characters[$0] == "!")
        }
    }

    /// Classic's rule for keys: a letter or `_`, then at least one of letters, digits, `-`, `_`, `.`.
    ///
    /// `/` is ours: label keys of today's engines have it.
    private static func checkKey(_ key: String, of text: String) throws(SchedulingError) {
        for (offset, character) in key.enumerated() {
            let isName = character.isASCII && (character.isLetter || character == "_")
            let isRest = character.isASCII && (character.isNumber || "-./".contains(character))
            guard isName || (offset > 0 && isRest) else {
                throw .malformedExpression(text: text, offset: offset, problem: "the key has \"\(character)\"")
            }
        }
        guard key.count >= 2 else {
            throw .malformedExpression(text: text, offset: 0, problem: "the key has fewer than two characters")
        }
    }

    private static func checkValue(_ value: ArraySlice<Character>, of text: String) throws(SchedulingError) {
        guard !value.isEmpty else {
            throw .malformedExpression(text: text, offset: value.startIndex, problem: "the value is missing")
        }
        for offset in value.indices {
            let character = value[offset]
            guard !(character.isASCII && character.unicodeScalars.allSatisfy { $0.value < 0x20 || $0.value == 0x7F })
            else {
                throw .malformedExpression(text: text, offset: offset, problem: "the value has a control character")
            }
        }
    }
}
