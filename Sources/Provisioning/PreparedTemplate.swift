// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Mustache
internal import Synchronization

/// A template that was read and parsed, with what it asks for.
///
/// Twenty hosts run the same scripts: each text is parsed once in a process.
struct PreparedTemplate: Sendable {
    let template: MustacheTemplate
    /// The names that need a value.
    let placeholders: Set<String>
    /// The templates that it includes, in order.
    let includes: [String]

    private static let prepared = Mutex<[String: PreparedTemplate]>([:])

    /// Parses a template, unless the same text was parsed before.
    ///
    /// - Parameters:
    ///   - text: the template.
    ///   - name: tells the kind of file, and so the quoting; see ``Quoting``.
    ///   - path: for messages.
    /// - Returns: the template, ready to be rendered.
    /// - Throws: ``TemplateError``.
    static func prepare(_ text: String, name: String, path: String) throws(TemplateError) -> PreparedTemplate {
        guard QuotingContentType.registered else {
            throw .malformed(path: path, reason: "no quoting")
        }
        let source = "{{% CONTENT_TYPE:\(Quoting(template: name).rawValue)}}\n" + text
        if let known = prepared.withLock({ $0[source] }) {
            return known
        }
        do {
            let made = PreparedTemplate(try MustacheTemplate(string: source), text: text)
            prepared.withLock { $0[source] = made }
            return made
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }

    private init(_ template: MustacheTemplate, text: String) {
        self.template = template
        var placeholders: Set<String> = []
        var includes: [String] = []
        for piece in text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            let tag = piece.prefix { $0 != "}" }.drop { $0 == "{" || $0 == "#" || $0 == "^" || $0 == "/" || $0 == "&" }
            let name = tag.filter { !$0.isWhitespace }
            switch name.first {
            case ">": includes.append(String(name.dropFirst()))
            case "!", "%": break
            case "." where name == ".": break
            default: placeholders.insert(name)
            }
        }
        self.placeholders = placeholders
        self.includes = includes
    }
}
