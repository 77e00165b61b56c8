// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// The plug-ins in `PATH`.
package enum PluginCatalog {
    /// A driver for each executable called `docker-machine-driver-NAME`, by name; the first in `PATH` counts.
    ///
    /// - Parameters:
    ///   - environment: of the process.
    ///   - folder: of the store, absolute.
    ///   - names: of drivers that are not looked for, because we have them ourselves.
    /// - Returns: drivers that start their plug-in when they are used.
    package static func drivers(
        environment: [String: String],
        folder: String,
        except names: Set<String>
    ) -> [PluginDriver] {
        var found: [String: String] = [:]
        for place in (environment["PATH"] ?? "").split(separator: ":") {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: String(place))) ?? []
            for entry in entries where entry.hasPrefix(PluginDriver.prefix) {
                let stem = entry.hasSuffix(".exe") ? entry.dropLast(4) : entry[...]
                let name = String(stem.dropFirst(PluginDriver.prefix.count))
                let path = "\(place)/\(entry)"
                if !name.isEmpty, !names.contains(name), found[name] == nil,
                    FileManager.default.isExecutableFile(atPath: path)
                {
                    found[name] = path
                }
            }
        }
        return found.sorted { $0.key < $1.key }.map { name, path in
            PluginDriver(name: name, path: path, folder: folder, environment: environment)
        }
    }
}
