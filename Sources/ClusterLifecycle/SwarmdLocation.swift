// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// Where the static `swarmd` is that goes to the nodes.
package enum SwarmdLocation {
    /// Finds it: `SWARMCTL_SWARMD`, else beside this program, else in `.build` of the checkout it runs from.
    ///
    /// - Throws: ``LifecycleError/noSwarmd(looked:)``.
    package static func find(in environment: [String: String]) throws -> String {
        let candidates = candidates(in: environment)
        guard let found = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw LifecycleError.noSwarmd(looked: candidates)
        }
        return found
    }

    private static func candidates(in environment: [String: String]) -> [String] {
        if let path = environment["SWARMCTL_SWARMD"], !path.isEmpty {
            return [path]
        }
        let program = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments.first ?? "")
            .resolvingSymlinksInPath()
        var folder = program.deletingLastPathComponent()
        var found: [String] = []
        while folder.path != "/" {
            // A debug build has a dynamic swarmd beside it, which would not run on a node.
            if folder.lastPathComponent == ".build" {
                return [folder.appendingPathComponent("swarmd").path]
            }
            folder.deleteLastPathComponent()
        }
        found.append(program.deletingLastPathComponent().appendingPathComponent("swarmd").path)
        return found
    }
}
