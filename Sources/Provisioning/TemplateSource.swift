// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// The folders that templates are read from: the user's own first, then those that came with swarmctl.
package struct TemplateSource: Sendable, Equatable {
    /// A folder whose files replace those of ``standard`` with the same name; `--templates`.
    package var overrides: String?
    /// The folder that holds all templates.
    package var standard: String

    package init(standard: String, overrides: String? = nil) {
        self.standard = standard
        self.overrides = overrides
    }

    /// Finds the templates: `SWARMCTL_TEMPLATES`, else `../share/swarmctl/templates` beside the executable, else
    /// `templates` in a folder above it (a checkout).
    ///
    /// - Parameters:
    ///   - overrides: see ``overrides``.
    ///   - environment: where `SWARMCTL_TEMPLATES` is looked up.
    /// - Returns: the folders to read from.
    /// - Throws: ``TemplateError``.
    package static func find(
        overrides: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(TemplateError) -> TemplateSource {
        if let folder = environment["SWARMCTL_TEMPLATES"], !folder.isEmpty {
            guard isTemplateFolder(folder) else {
                throw .noTemplates(searched: [folder])
            }
            return TemplateSource(standard: folder, overrides: overrides)
        }
        let candidates = candidates(executable: executablePath())
        guard let folder = candidates.first(where: isTemplateFolder) else {
            throw .noTemplates(searched: candidates)
        }
        return TemplateSource(standard: folder, overrides: overrides)
    }

    static func candidates(executable: String) -> [String] {
        var folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
        var candidates = [folder.deletingLastPathComponent().appendingPathComponent("share/swarmctl/templates").path]
        while folder.path != "/" {
            candidates.append(folder.appendingPathComponent("templates").path)
            folder.deleteLastPathComponent()
        }
        return candidates
    }

    private static func executablePath() -> String {
        let path = Bundle.main.executablePath ?? CommandLine.arguments.first ?? ""
        return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    private static func isTemplateFolder(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/look.sh.mustache")
    }
}
