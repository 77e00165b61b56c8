// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// How many columns of a terminal text takes.
package enum DisplayWidth {
    /// The columns of `text`: two for East Asian wide characters and emoji, none for combining marks
    /// and for the escape sequences of colours.
    package static func of(_ text: String) -> Int {
        var isEscape = false
        return text.reduce(into: 0) { columns, character in
            columns += step(character, &isEscape)
        }
    }

    /// `text` cut to at most `columns`, with `…` at the end when something was cut.
    ///
    /// Escape sequences are kept whole, so that a colour is always switched off again.
    package static func cut(_ text: String, to columns: Int) -> String {
        guard of(text) > columns else {
            return text
        }
        var isEscape = false
        var used = 0
        var isFull = false
        var result = ""
        for character in text {
            let width = step(character, &isEscape)
            if width == 0 {
                result.append(character)
            } else if !isFull, used + width <= columns - 1 {
                result.append(character)
                used += width
            } else if !isFull {
                result.append("…")
                isFull = true
            }
        }
        return result
    }

    /// `text` followed by spaces up to `columns`.
    package static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - of(text)))
    }

    private static func step(_ character: Character, _ isEscape: inout Bool) -> Int {
        if isEscape {
            isEscape = !(character.isASCII && character.isLetter)
            return 0
        }
        if character == "\u{1B}" {
            isEscape = true
            return 0
        }
        return width(of: character)
    }

    private static func width(of character: Character) -> Int {
        guard let first = character.unicodeScalars.first, !character.isASCII else {
            return 1
        }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        let isWide = wideRanges.contains { $0.contains(first.value) }
        let isEmoji = character.unicodeScalars.contains { $0.value == 0xFE0F }
        return isWide || isEmoji ? 2 : 1
    }

    /// Blocks whose characters are all wide, after Unicode's EastAsianWidth.txt.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}
