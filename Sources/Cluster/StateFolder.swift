// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
package import SwarmCore

/// Documents of the manager that outlive it, in a folder of its own: each is whole or not there.
package final class StateFolder: Sendable {
    private let path: String
    private let use: ExclusiveUse

    /// Opens the folder, and makes it when it is missing.
    ///
    /// - Throws: ``FileError``, or ``StateError/inUse(path:)`` when another manager has it.
    package init(_ path: String) throws {
        self.path = path
        try AtomicFile.makeFolder(path)
        guard let use = try ExclusiveUse(path: path + "/cluster.lock") else {
            throw StateError.inUse(path: path)
        }
        self.use = use
        AtomicFile.removeLeftovers(in: path)
        // Fails now, rather than at the first decision, when the folder cannot be written.
        try AtomicFile.makeFolder(path + "/moves")
        try AtomicFile.write("{}", to: path + "/probe.json")
        AtomicFile.remove(path + "/probe.json")
    }

    /// The document; `nil` when there is none.
    ///
    /// - Throws: ``FileError``, or ``StateError/unreadable(path:detail:)``.
    func read(_ name: String) throws -> JSON? {
        let file = "\(path)/\(name)"
        guard AtomicFile.exists(file) else {
            return nil
        }
        let text = try AtomicFile.read(file)
        do {
            return try JSON(parsing: text)
        } catch {
            throw StateError.unreadable(path: file, detail: error.message)
        }
    }

    /// Replaces the document; it is on disk when this returns.
    func write(_ json: JSON, to name: String) throws(FileError) {
        try AtomicFile.write(Array(json.bytes), to: "\(path)/\(name)")
    }

    func remove(_ name: String) {
        AtomicFile.remove("\(path)/\(name)")
    }

    /// The names of the documents in a folder of this one, sorted.
    func names(in folder: String) -> [String] {
        AtomicFile.names(in: "\(path)/\(folder)").filter { $0.hasSuffix(".json") }.map { "\(folder)/\($0)" }
    }
}

/// Why what the manager decides cannot be kept.
package enum StateError: UserFacingError, Equatable {
    case inUse(path: String)
    /// The file is not what a manager wrote; the detail says where.
    case unreadable(path: String, detail: String)

    package var message: String {
        switch self {
        case .inUse(let path): "another manager keeps its state in \"\(path)\""
        case .unreadable(let path, let detail): "cannot read \"\(path)\": \(detail)"
        }
    }

    package var hint: String? {
        switch self {
        case .inUse: "give each manager a folder of its own with `--state-dir`"
        case .unreadable(let path, _): "look at it, and move it away: `mv \(path) \(path).broken`"
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .inUse: .conflict
        case .unreadable: .failed
        }
    }
}
