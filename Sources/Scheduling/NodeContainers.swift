// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The containers of one node, found by id, name and label without looking at all of them.
package struct NodeContainers: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    private struct Label: Hashable, Sendable {
        let key: String
        let value: String
    }

    private static let shortLength = 12

    private var byID: [String: NodeContainer] = [:]
    // How many containers have each name, each short id (as `docker ps` prints it) and each label.
    private var names: [String: Int] = [:]
    private var shortIDs: [String: Int] = [:]
    private var labels: [Label: Int] = [:]

    package init() {}

    package init(dictionaryLiteral elements: (String, NodeContainer)...) {
        for (id, container) in elements {
            self[id] = container
        }
    }

    package var count: Int { byID.count }
    package var isEmpty: Bool { byID.isEmpty }
    package var keys: some Collection<String> { byID.keys }
    package var values: some Collection<NodeContainer> { byID.values }

    /// The container with this full id, or reservation with this token.
    package subscript(id: String) -> NodeContainer? {
        get { byID[id] }
        set {
            if let old = byID.removeValue(forKey: id) {
                count(old, by: -1)
            }
            if let newValue {
                byID[id] = newValue
                count(newValue, by: 1)
            }
        }
    }

    /// Whether a container has this name, id or id prefix.
    func contains(_ reference: String) -> Bool {
        if isNamed(reference) {
            return true
        }
        // Only what can be a prefix of an id is worth looking at all of them.
        let isPrefix = !reference.isEmpty && reference.utf8.allSatisfy { Self.isHexDigit($0) }
        return isPrefix && byID.keys.contains { $0.hasPrefix(reference) }
    }

    /// Whether the name, id or short id of a container matches.
    func match(_ pattern: Pattern) -> Bool {
        if let literal = pattern.literal {
            return isNamed(literal)
        }
        return names.keys.contains { pattern.matches($0) } || byID.keys.contains { pattern.matches($0) }
            || shortIDs.keys.contains { pattern.matches($0) }
    }

    /// Whether a container has the label with a value that matches.
    func match(_ pattern: Pattern, label key: String) -> Bool {
        if let literal = pattern.literal {
            return labels[Label(key: key, value: literal)] != nil
        }
        return labels.keys.contains { $0.key == key && pattern.matches($0.value) }
    }

    private func isNamed(_ reference: String) -> Bool {
        byID[reference] != nil || names[reference] != nil || shortIDs[reference] != nil
    }

    private mutating func count(_ container: NodeContainer, by change: Int) {
        Self.count(container.name, by: change, in: &names)
        Self.count(String(container.id.prefix(Self.shortLength)), by: change, in: &shortIDs)
        for (key, value) in container.labels {
            Self.count(Label(key: key, value: value), by: change, in: &labels)
        }
    }

    private static func count<Key: Hashable>(_ key: Key, by change: Int, in counts: inout [Key: Int]) {
        let sum = (counts[key] ?? 0) + change
        counts[key] = sum == 0 ? nil : sum
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}
