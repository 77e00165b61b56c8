// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Nodes sorted by name, then address, of which some can be replaced, put in or taken out without copying all.
///
/// The list is a value that readers keep. It is made of rows, and a change copies one of them.
package struct NodeList: RandomAccessCollection, Sendable {
    /// Rows are made with half as many nodes.
    private static let rowLimit = 128

    /// None is empty.
    private var rows: [[NodeState]] = []
    /// The positions of the first nodes of the rows.
    private var starts: [Int] = []
    package private(set) var endIndex = 0

    package var startIndex: Int { 0 }

    package internal(set) subscript(position: Int) -> NodeState {
        get {
            let row = row(of: position)
            return rows[row][position - starts[row]]
        }
        set {
            let row = row(of: position)
            rows[row][position - starts[row]] = newValue
        }
    }

    package func makeIterator() -> FlattenSequence<[[NodeState]]>.Iterator { rows.joined().makeIterator() }

    /// The row that has this position.
    private func row(of position: Int) -> Int {
        Self.first(in: 0..<starts.count) { starts[$0] > position } - 1
    }

    /// Where the node is, or would be.
    func position(name: String, address: String) -> Int {
        let row = row(name: name, address: address)
        return row < rows.count ? starts[row] + offset(name: name, address: address, in: row) : endIndex
    }

    /// The row where the node is, or would be: the first one if it would be before all others.
    private func row(name: String, address: String) -> Int {
        let after = Self.first(in: 0..<rows.count) { Self.isBefore(name, address, rows[$0][0]) }
        return Swift.max(0, after - 1)
    }

    private func offset(name: String, address: String, in row: Int) -> Int {
        Self.first(in: rows[row].indices) { !Self.isBefore(rows[row][$0], name, address) }
    }

    private static func isBefore(_ node: NodeState, _ name: String, _ address: String) -> Bool {
        (node.name, node.address) < (name, address)
    }

    private static func isBefore(_ name: String, _ address: String, _ node: NodeState) -> Bool {
        (name, address) < (node.name, node.address)
    }

    /// The first number for which the statement is true, when it is for all behind it; else the end.
    private static func first(in range: Range<Int>, where isTrue: (Int) -> Bool) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if isTrue(middle) {
                high = middle
            } else {
                low = middle + 1
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
        guard nodes.count == 1, let node = nodes.first, !rows.isEmpty else {
            if !nodes.isEmpty {
                fill((Array(self) + nodes).sorted { ($0.name, $0.address) < ($1.name, $1.address) })
            }
            return
        }
        let row = row(name: node.name, address: node.address)
        rows[row].insert(node, at: offset(name: node.name, address: node.address, in: row))
        if rows[row].count > Self.rowLimit {
            let half = rows[row].count / 2
            rows.insert(Array(rows[row][half...]), at: row + 1)
            rows[row].removeSubrange(half...)
        }
        count(from: row)
    }

    @discardableResult
    mutating func remove(at position: Int) -> NodeState {
        let row = row(of: position)
        let node = rows[row].remove(at: position - starts[row])
        if rows[row].isEmpty {
            rows.remove(at: row)
        }
        count(from: row)
        return node
    }

    private mutating func fill(_ nodes: [NodeState]) {
        let length = Self.rowLimit / 2
        rows = stride(from: 0, to: nodes.count, by: length).map {
            Array(nodes[$0..<Swift.min($0 + length, nodes.count)])
        }
        count(from: 0)
    }

    /// Counts the positions anew, behind the rows that have not changed.
    private mutating func count(from row: Int) {
        var next = row == 0 ? 0 : starts[row - 1] + rows[row - 1].count
        starts.removeSubrange(Swift.min(row, starts.count)...)
        for row in rows[row...] {
            starts.append(next)
            next += row.count
        }
        endIndex = next
    }
}
