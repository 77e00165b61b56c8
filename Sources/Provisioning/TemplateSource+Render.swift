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
        library.register(try load("prelude.sh"), named: "prelude")
        return try load(name).render(values, library: library)
    }

    private func load(_ name: String) throws(TemplateError) -> MustacheTemplate {
        let (path, text) = try read(name)
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
