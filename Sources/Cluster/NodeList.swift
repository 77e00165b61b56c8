// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Nodes sorted by name, then address, of which one can be replaced without copying all.
///
/// The list is a value that readers keep. It is made of rows, and a change copies one of them.
package struct NodeList: RandomAccessCollection, Sendable {
    private static let rowLength = 64

    /// All but the last have the full length.
    private var rows: [[NodeState]] = []
    package private(set) var endIndex = 0

    package var startIndex: Int { 0 }

    package internal(set) subscript(position: Int) -> NodeState {
        get { rows[position / Self.rowLength][position % Self.rowLength] }
        set { rows[position / Self.rowLength][position % Self.rowLength] = newValue }
    }

    /// Where the node is, or would be.
    func position(name: String, address: String) -> Int {
        var low = 0
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if (self[middle].name, self[middle].address) < (name, address) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The nodes with a name.
    func named(_ name: String) -> some Sequence<NodeState> {
        self[position(name: name, address: "")...].prefix { $0.name == name }
    }

    /// Puts in nodes that are not there, wherever they belong.
    mutating func insert(_ nodes: [NodeState]) {
        guard !nodes.isEmpty else {
            return
        }
        if nodes.count == 1, let node = nodes.first {
            var all = Array(self)
            all.insert(node, at: position(name: node.name, address: node.address))
            fill(all)
        } else {
            fill((Array(self) + nodes).sorted { ($0.name, $0.address) < ($1.name, $1.address) })
        }
    }

    @discardableResult
    mutating func remove(at position: Int) -> NodeState {
        var all = Array(self)
        let node = all.remove(at: position)
        fill(all)
        return node
    }

    private mutating func fill(_ nodes: [NodeState]) {
        rows = stride(from: 0, to: nodes.count, by: Self.rowLength).map {
            Array(nodes[$0..<Swift.min($0 + Self.rowLength, nodes.count)])
        }
        endIndex = nodes.count
    }
}
