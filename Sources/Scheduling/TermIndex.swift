// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Which nodes have a term: a label's value, an image, a volume.
///
/// A condition is compared once with each different term, not once with each node, and the answer for
/// a pattern is kept until a node's terms change.
struct TermIndex: Sendable {
    /// How many patterns are remembered; requests choose them, so there is a limit.
    private static let memory = 64

    private var slots: [String: [Int32]] = [:]
    private var matches: [String: NodeBits] = [:]

    /// Whether any node has the term.
    func contains(_ term: String) -> Bool { slots[term] != nil }

    /// Changes the terms of a node.
    mutating func replace(_ old: some Sequence<String>, by new: some Sequence<String>, of slot: Int) {
        matches.removeAll()
        let number = Int32(truncatingIfNeeded: slot)
        for term in old {
            if let index = slots[term]?.firstIndex(of: number) {
                slots[term]?.remove(at: index)
            }
            if slots[term]?.isEmpty == true {
                slots[term] = nil
            }
        }
        for term in new {
            slots[term, default: []].append(number)
        }
    }

    /// The nodes that have one of these terms.
    func nodes(having terms: some Sequence<String>, capacity: Int) -> NodeBits {
        var bits = NodeBits(capacity: capacity)
        for term in terms {
            bits.formUnion(slots[term] ?? [])
        }
        return bits
    }

    /// The nodes that have a term which the pattern of `expression` matches, whatever its comparison is.
    mutating func nodes(matching expression: PlacementExpression, capacity: Int) -> NodeBits {
        if let literal = expression.pattern.literal {
            return nodes(having: CollectionOfOne(literal), capacity: capacity)
        }
        if let known = matches[expression.value] {
            return known
        }
        let bits = nodes(having: slots.keys.filter { expression.pattern.matches($0) }, capacity: capacity)
        if matches.count >= Self.memory {
            matches.removeAll()
        }
        matches[expression.value] = bits
        return bits
    }
}
