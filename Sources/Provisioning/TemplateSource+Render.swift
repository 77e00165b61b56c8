// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Mustache
internal import SwarmCore

extension TemplateSource {
    /// The text of a template with `values` in place.
    ///
    /// Every value is quoted for the kind of file that `name` says (``Quoting``), so a template cannot forget it.
    ///
    /// - Parameters:
    ///   - name: the file's path in the folder without `.mustache`: `install/debian.sh`.
    ///   - values: strings, booleans, and arrays of them.
    /// - Returns: the text, ready to be run or written.
    /// - Throws: ``TemplateError``.
    package func render(_ name: String, _ values: [String: any Sendable]) throws(TemplateError) -> String {
        var library = MustacheLibrary()
        let (path, text) = try read(name)
        var known = Set(values.keys)
        for case let items as [[String: String]] in values.values {
            known.formUnion(items.flatMap(\.keys))
        }
        try check(text, path: path, known: known)
        try registerPartials(of: text, in: &library, known: known, depth: 0)
        return try parse(text, name: name, path: path).render(values, library: library)
    }

    /// Registers each template that `text` includes, and those that they include.
    private func registerPartials(
        of text: String,
        in library: inout MustacheLibrary,
        known: Set<String>,
        depth: Int
    ) throws(TemplateError) {
        for piece in text.split(separator: "{{>").dropFirst(text.hasPrefix("{{>") ? 0 : 1) {
            let name = String(piece.prefix { $0 != "}" }).filter { !$0.isWhitespace }
            guard library.getTemplate(named: name) == nil else {
                continue
            }
            let (path, included) = try read(name)
            guard depth < Self.deepestInclusion else {
                throw .malformed(path: path, reason: "templates include each other too deeply")
            }
            library.register(try parse(included, name: name, path: path), named: name)
            try check(included, path: path, known: known)
            try registerPartials(of: included, in: &library, known: known, depth: depth + 1)
        }
    }

    private static let deepestInclusion = 8

    /// Refuses placeholders that stand for nothing: in a script, an empty text in the place of a path does harm.
    private func check(_ text: String, path: String, known: Set<String>) throws(TemplateError) {
        for piece in text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            let tag = piece.prefix { $0 != "}" }.drop { $0 == "{" || $0 == "#" || $0 == "^" || $0 == "/" || $0 == "&" }
            let name = tag.filter { !$0.isWhitespace }
            guard
                name == "." || name.hasPrefix(">") || name.hasPrefix("!") || name.hasPrefix("%") || known.contains(name)
            else {
                throw .malformed(path: path, reason: "the placeholder \"\(name)\" stands for nothing")
            }
        }
    }

    private func parse(_ text: String, name: String, path: String) throws(TemplateError) -> MustacheTemplate {
        guard QuotingContentType.registered else {
            throw .malformed(path: path, reason: "no quoting")
        }
        do {
            return try MustacheTemplate(string: "{{% CONTENT_TYPE:\(Quoting(template: name).rawValue)}}\n" + text)
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }

    private func read(_ name: String) throws(TemplateError) -> (path: String, text: String) {
        let folders = [overrides, standard].compactMap(\.self)
        for folder in folders {
            let path = "\(folder)/\(name).mustache"
            do {
                return (path, String(decoding: try AtomicFile.read(path, limit: 1 << 20), as: UTF8.self))
            } catch  where error.kind == .notFound {
                continue
            } catch {
                throw .malformed(path: path, reason: error.message)
            }
        }
        throw .missing(name: name, searched: folders)
    }
}
