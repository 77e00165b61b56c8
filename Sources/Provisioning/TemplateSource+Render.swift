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
        var known = Set(values.keys)
        for case let items as [[String: String]] in values.values {
            known.formUnion(items.flatMap(\.keys))
        }
        var library = MustacheLibrary()
        let template = try prepare(name, known: known)
        try registerPartials(of: template, in: &library, known: known, depth: 0)
        return template.template.render(values, library: library)
    }

    /// Registers each template that one includes, and those that they include.
    private func registerPartials(
        of template: PreparedTemplate,
        in library: inout MustacheLibrary,
        known: Set<String>,
        depth: Int
    ) throws(TemplateError) {
        for name in template.includes where library.getTemplate(named: name) == nil {
            let included = try prepare(name, known: known)
            guard depth < Self.deepestInclusion else {
                throw .malformed(path: name, reason: "templates include each other too deeply")
            }
            library.register(included.template, named: name)
            try registerPartials(of: included, in: &library, known: known, depth: depth + 1)
        }
    }

    private static let deepestInclusion = 8

    /// Refuses placeholders that stand for nothing: in a script, an empty text in the place of a path does harm.
    private func prepare(_ name: String, known: Set<String>) throws(TemplateError) -> PreparedTemplate {
        let (path, text) = try read(name)
        let template = try PreparedTemplate.prepare(text, name: name, path: path)
        if let stranger = template.placeholders.subtracting(known).min() {
            throw .malformed(path: path, reason: "the placeholder \"\(stranger)\" stands for nothing")
        }
        return template
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
