// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The engine's daemon.json as it has to be: what the host has, with what a node needs merged in.
///
/// Keys that are not ours keep their place, their value and the text of their numbers.
struct DaemonConfiguration: Equatable {
    /// Why a configuration could not be merged.
    enum Problem: Error, Equatable {
        case malformed(reason: String)
        case badOption(option: String, reason: String)
    }

    static let path = "/etc/docker/daemon.json"
    static let localSocket = "unix:///var/run/docker.sock"

    /// What the host has.
    let current: JSONValue
    /// What it has to have.
    private(set) var merged: JSONValue

    /// Merges.
    ///
    /// - Parameters:
    ///   - text: the host's file; `nil` or blank when there is none.
    ///   - base: the keys that every node has, from the template.
    ///   - options: what was asked for.
    ///   - port: where the engine has to listen.
    ///   - hasFront: whether ``FrontSpec`` listens at that port, and the engine at the front's socket instead.
    ///   - unitHosts: the sockets that the engine's unit names, which have to move here.
    ///   - keepsContainers: whether containers are to outlive a restart of the engine.
    /// - Throws: ``Problem``.
    init(
        text: String?,
        base: JSONValue,
        options: EngineOptions,
        port: UInt16,
        hasFront: Bool = false,
        unitHosts: [String],
        keepsContainers: Bool
    ) throws(Problem) {
        current = try Self.document(text)
        merged = current
        let hosts = try Self.hosts(own: current["hosts"], unit: unitHosts, port: port, hasFront: hasFront)
        merged["hosts"] = .strings(hosts)
        guard case .object(let members) = base else {
            throw .badOption(option: "templates/daemon.json", reason: "it is not an object")
        }
        for member in members {
            merged[member.key] = member.value
        }
        try mergeLists(options)
        if keepsContainers {
            merged["live-restore"] = .bool(true)
        }
        if let driver = options.storageDriver {
            merged["storage-driver"] = .string(driver)
        }
        try mergeSettings(options.settings)
    }

    /// Whether the host's file is right as it is.
    var isCurrent: Bool { merged == current }

    /// The host's configuration with live-restore on: what an engine with running containers is started with.
    static func keepingContainers(_ document: JSONValue) -> JSONValue {
        var document = document
        document["live-restore"] = .bool(true)
        return document
    }

    /// The document in a daemon.json; an absent or blank file is an empty object, as for the engine.
    static func document(_ text: String?) throws(Problem) -> JSONValue {
        guard let text, !text.allSatisfy(\.isWhitespace) else {
            return .object([])
        }
        let document: JSONValue
        do {
            document = try JSONParser.parse(text)
        } catch {
            throw .malformed(reason: error.text)
        }
        guard case .object = document else {
            throw .malformed(reason: "it is not a JSON object")
        }
        return document
    }

    /// The host's configuration without what this tool put there.
    ///
    /// A key that is as we wrote it becomes what it was before. Others were changed by the owner since and stay, but for
    /// those that only we write.
    ///
    /// - Parameters:
    ///   - current: what the host has.
    ///   - written: what we wrote.
    ///   - original: what the host had before us.
    /// - Returns: what the host has to have, in the order of `original`.
    static func unmerged(current: JSONValue, written: JSONValue, original: JSONValue) -> JSONValue {
        guard case .object(let members) = current, case .object(let before) = original else {
            return original
        }
        var result = original
        for member in before where current[member.key] == nil && !ours.contains(member.key) {
            result[member.key] = nil
        }
        for member in members where !ours.contains(member.key) && member.value != written[member.key] {
            result[member.key] = member.value
        }
        return result
    }

    private mutating func mergeLists(_ options: EngineOptions) throws(Problem) {
        try mergeList("registry-mirrors", adding: options.registryMirrors)
        try mergeList("insecure-registries", adding: options.insecureRegistries)
        let keys = Set(options.labels.map(Self.labelKey))
        let own = try list("labels").filter { !keys.contains(Self.labelKey($0)) || options.labels.contains($0) }
        if !options.labels.isEmpty {
            merged["labels"] = .strings(own + options.labels.filter { !own.contains($0) })
        }
    }

    private mutating func mergeList(_ key: String, adding values: [String]) throws(Problem) {
        let own = try list(key)
        let missing = values.filter { !own.contains($0) }
        if !missing.isEmpty {
            merged[key] = .strings(own + missing)
        }
    }

    private func list(_ key: String) throws(Problem) -> [String] {
        guard let value = current[key] else {
            return []
        }
        guard let strings = value.strings else {
            throw .malformed(reason: "\"\(key)\" is not a list of strings")
        }
        return strings
    }

    private mutating func mergeSettings(_ settings: [EngineSetting]) throws(Problem) {
        for setting in settings {
            guard !Self.ours.contains(setting.key) else {
                throw .badOption(option: "--engine-opt \(setting.key)", reason: "swarmctl sets this key itself")
            }
            do {
                merged[setting.key] = try JSONParser.parse(setting.json)
            } catch {
                throw .badOption(option: "--engine-opt \(setting.key)", reason: error.text)
            }
        }
    }

    private static func labelKey(_ label: String) -> Substring {
        label.prefix { $0 != "=" }
    }

    /// Keys that only this type writes.
    static let ours: Set<String> = [
        "hosts", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey", "labels", "live-restore",
    ]

    /// The host's own sockets, those of its unit, the local one, and ours.
    ///
    /// An address of our port that is bound on one interface only gives way: the engine could not bind both.
    private static func hosts(
        own: JSONValue?,
        unit: [String],
        port: UInt16,
        hasFront: Bool
    ) throws(Problem) -> [String] {
        guard let listed = own == nil ? [] : own?.strings else {
            throw .malformed(reason: "\"hosts\" is not a list of strings")
        }
        let everywhere = hasFront ? FrontSpec.engineSocket : "tcp://0.0.0.0:\(port)"
        var hosts = listed
        // The host's own local socket counts, under whichever name.
        for host in unit where !hosts.contains(host) && !(isLocal(host) && hosts.contains(where: isLocal)) {
            hosts.append(host)
        }
        hosts.removeAll { $0.hasPrefix("tcp://") && $0.hasSuffix(":\(port)") && $0 != everywhere }
        hosts.removeAll { $0 == FrontSpec.engineSocket && $0 != everywhere }
        if !hosts.contains(where: isLocal) {
            hosts.insert(localSocket, at: 0)
        }
        if !hosts.contains(everywhere) {
            hosts.append(everywhere)
        }
        return hosts
    }

    /// Whether an entry is the socket at which clients on the host look for the engine.
    private static func isLocal(_ host: String) -> Bool {
        ["fd://", "unix://", localSocket, "unix:///run/docker.sock"].contains(host)
    }
}
