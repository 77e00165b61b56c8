// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
internal import SecureShell
internal import SwarmCore
internal import Yams

/// A cluster described in a YAML file; see examples/cluster-local.yaml for all keys.
///
/// Unknown keys are errors, so that a slip of the pen does not pass for a default.
package enum ClusterFile {
    /// The largest file read, in bytes.
    private static let sizeLimit = 1 << 20

    /// Reads the file at `path`.
    ///
    /// - Throws: ``LifecycleError/badFile(path:line:problem:)`` with the line, or `FileError`.
    package static func read(_ path: String) throws -> ClusterSpec {
        try parse(try AtomicFile.readText(path, limit: sizeLimit), path: path)
    }

    /// Reads `text`; `path` is for messages only.
    package static func parse(_ text: String, path: String) throws -> ClusterSpec {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw LifecycleError.badFile(path: path, line: nil, problem: "not YAML: \(error)")
        }
        guard let root else {
            throw LifecycleError.badFile(path: path, line: nil, problem: "the file is empty")
        }
        let map = try YAMLMap(root, path: path, name: "the file")
        try map.allow([
            "name", "driver", "nodes", "managers", "hosts", "ssh-key", "strategy", "discovery", "discovery-options",
            "options", "engine", "allow-from", "tls-san", "key-type", "days", "manager-port",
            "replication-ttl",
        ])
        return try spec(from: map)
    }

    private static func spec(from map: YAMLMap) throws -> ClusterSpec {
        guard let name = try map.text("name") else {
            throw map.error("\"name\" is missing")
        }
        let hosts = try map.list("hosts").map { text in
            guard let host = SSHAddress(parsing: text) else {
                throw map.error("\"\(text)\" is not an address of the form [USER@]HOST[:PORT]", at: "hosts")
            }
            return host
        }
        var spec = ClusterSpec(name: name, driver: try map.text("driver") ?? (hosts.isEmpty ? "local" : "generic"))
        spec.hosts = hosts
        spec.nodes = try map.integer("nodes") ?? spec.nodes
        spec.managers = try map.integer("managers") ?? spec.managers
        spec.sshKey = try map.text("ssh-key")
        spec.strategy = try map.text("strategy") ?? spec.strategy
        spec.discovery = try map.text("discovery")
        spec.discoveryOptions = try map.list("discovery-options")
        spec.driverOptions = try map.scalars("options")
        spec.allowFrom = try map.list("allow-from")
        spec.tlsNames = try map.list("tls-san")
        spec.keyType = try map.text("key-type") ?? spec.keyType
        spec.certificateDays = try map.integer("days") ?? spec.certificateDays
        spec.managerPort = try map.integer("manager-port") ?? spec.managerPort
        spec.replicationTTL = try map.text("replication-ttl")
        if let engine = try map.map("engine") {
            spec.engine = try settings(from: engine)
            spec.hasEngineFront = try engine.flag("front")
        }
        return spec
    }

    private static func settings(from map: YAMLMap) throws -> EngineSettings {
        try map.allow([
            "install", "labels", "registry-mirrors", "insecure-registries", "storage-driver", "environment", "options",
            "front",
        ])
        var settings = EngineSettings()
        settings.install = try map.text("install") ?? settings.install
        settings.labels = try map.list("labels")
        settings.registryMirrors = try map.list("registry-mirrors")
        settings.insecureRegistries = try map.list("insecure-registries")
        settings.storageDriver = try map.text("storage-driver")
        settings.environment = try map.list("environment")
        settings.options = try map.list("options")
        return settings
    }
}

/// A YAML mapping with the place it stands at, for messages.
private struct YAMLMap {
    private let node: Node.Mapping
    private let path: String
    private let name: String

    init(_ node: Node, path: String, name: String) throws {
        guard let mapping = node.mapping else {
            throw LifecycleError.badFile(
                path: path,
                line: node.mark?.line,
                problem: "\(name) must be a list of \"key: value\" lines"
            )
        }
        self.node = mapping
        self.path = path
        self.name = name
    }

    func error(_ problem: String, at key: String? = nil) -> LifecycleError {
        let mark = key.flatMap { node[$0]?.mark } ?? node.mark
        return .badFile(path: path, line: mark?.line, problem: problem)
    }

    func allow(_ keys: [String]) throws {
        for (key, _) in node {
            guard let word = key.scalar?.string, keys.contains(word) else {
                throw LifecycleError.badFile(
                    path: path,
                    line: key.mark?.line,
                    problem:
                        "unknown key \"\(key.scalar?.string ?? "?")\" in \(name); known are \(keys.joined(separator: ", "))"
                )
            }
        }
    }

    func text(_ key: String) throws -> String? {
        guard let value = node[key] else {
            return nil
        }
        guard let text = value.scalar?.string else {
            throw error("\"\(key)\" must be a single value", at: key)
        }
        return text.isEmpty ? nil : text
    }

    func integer(_ key: String) throws -> Int? {
        guard let text = try text(key) else {
            return nil
        }
        guard let number = Int(text) else {
            throw error("\"\(key)\" must be a whole number, not \"\(text)\"", at: key)
        }
        return number
    }

    func flag(_ key: String) throws -> Bool? {
        guard let text = try text(key) else {
            return nil
        }
        guard let flag = Bool(text) else {
            throw error("\"\(key)\" must be true or false, not \"\(text)\"", at: key)
        }
        return flag
    }

    func list(_ key: String) throws -> [String] {
        guard let value = node[key] else {
            return []
        }
        guard let items = value.sequence else {
            throw error("\"\(key)\" must be a list", at: key)
        }
        return try items.map { item in
            guard let text = item.scalar?.string else {
                throw error("\"\(key)\" must be a list of single values", at: key)
            }
            return text
        }
    }

    func scalars(_ key: String) throws -> [String: String] {
        guard let value = try map(key) else {
            return [:]
        }
        var result: [String: String] = [:]
        for (name, item) in value.node {
            guard let name = name.scalar?.string else {
                throw error("\"\(key)\" must have single values", at: key)
            }
            if let items = item.sequence {
                result[name] = items.compactMap(\.scalar?.string).joined(separator: ",")
            } else if let text = item.scalar?.string {
                result[name] = text
            } else {
                throw error("\"\(key)\": \"\(name)\" must be a single value or a list", at: key)
            }
        }
        return result
    }

    func map(_ key: String) throws -> YAMLMap? {
        try node[key].map { try YAMLMap($0, path: path, name: "\"\(key)\"") }
    }
}
