// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Mustache

/// How a value is written so that the place where it lands takes it literally.
enum Quoting: String, CaseIterable {
    case shell = "SHELL"
    case json = "JSON"
    case systemd = "SYSTEMD"
    case text = "TEXT"

    /// The quoting of a template's values, by the template's name: `install/debian.sh`, `docker.conf`.
    init(template name: String) {
        switch name.split(separator: ".").last.map(String.init) {
        case "sh": self = .shell
        case "json", "yaml": self = .json
        case "conf", "service": self = .systemd
        default: self = .text
        }
    }

    /// Writes `value` for this place; the result is one word, or one string with its quotes.
    func quoted(_ value: String) -> String {
        switch self {
        case .shell: Self.shellWord(value)
        case .json: JSONValue.string(value).text()
        case .systemd: Self.systemdWord(value)
        case .text: value
        }
    }

    /// One word for a POSIX shell, between single quotes: nothing in it is special there but the quote itself.
    static func shellWord(_ value: String) -> String {
        "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// One word of a unit file (systemd.syntax(7)): C-style escapes between double quotes, `%` doubled because it
    /// begins a specifier.
    static func systemdWord(_ value: String) -> String {
        var word = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": word += "\\\(scalar)"
            case "%": word += "%%"
            case "\n": word += "\\n"
            case "\t": word += "\\t"
            default: word.unicodeScalars.append(scalar)
            }
        }
        return word + "\""
    }
}

/// Quotes every value of a template; `{{{value}}}` is not for scripts.
struct QuotingContentType: MustacheContentType {
    let quoting: Quoting

    func escapeText(_ text: String) -> String {
        quoting.quoted(text)
    }

    /// Makes the content types known to the template engine, once.
    static let registered: Bool = {
        for quoting in Quoting.allCases where quoting != .text {
            MustacheContentTypes.register(QuotingContentType(quoting: quoting), named: quoting.rawValue)
        }
        return true
    }()
}
