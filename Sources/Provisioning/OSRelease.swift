// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The fields of os-release(5).
package struct OSRelease: Sendable, Equatable {
    package var fields: [String: String]

    package init(fields: [String: String]) {
        self.fields = fields
    }

    /// Reads shell-like assignments: quotes of both kinds, backslash escapes, comments, and `=` in values.
    ///
    /// A line that is no assignment is skipped, as os-release(5) asks. Of two assignments the last counts.
    package init(parsing text: String) {
        fields = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            guard line.first != "#", let equals = line.firstIndex(of: "=") else {
                continue
            }
            let name = line[..<equals]
            guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
                name.utf8.allSatisfy(Self.isNameByte)
            else {
                continue
            }
            fields[String(name)] = Self.unquoted(line[line.index(after: equals)...])
        }
    }

    package var id: String { fields["ID"] ?? "linux" }
    package var idLike: [String] { (fields["ID_LIKE"] ?? "").split(separator: " ").map(String.init) }
    package var versionID: String { fields["VERSION_ID"] ?? "" }
    package var codename: String { fields["VERSION_CODENAME"] ?? fields["UBUNTU_CODENAME"] ?? "" }
    /// For people: `Debian GNU/Linux 12 (bookworm)`.
    package var prettyName: String { fields["PRETTY_NAME"] ?? fields["NAME"] ?? "unknown Linux" }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }

    /// The value of a shell word: ends at the first unquoted space.
    private static func unquoted(_ text: Substring) -> String {
        var value = ""
        var quote: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("\\", nil):
                rest.popFirst().map { value.append($0) }
            case ("\\", "\""):
                // Between double quotes a backslash counts only before what is special there.
                if let next = rest.first, "\"\\$`".contains(next) {
                    value.append(next)
                    rest.removeFirst()
                } else {
                    value.append(character)
                }
            case ("\"", nil), ("'", nil):
                quote = character
            case (_, .some(let open)) where character == open:
                quote = nil
            case (" ", nil), ("\t", nil):
                return value
            default:
                value.append(character)
            }
        }
        return value
    }
}
