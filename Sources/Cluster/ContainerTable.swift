// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The containers of one node by id, of which one can be replaced without copying all.
///
/// The table is a value that readers of a snapshot keep. It is made of small rows sorted by id, and a change
/// copies one of them: so a node with seventeen thousand containers is as quick to change as one with thirty.
package struct ContainerTable: Sendable {
    /// How many containers a row has on average before there are twice as many rows.
    private static let fill = 32

    /// A power of two of them.
    private var rows: [[ContainerState]] = [[]]
    package private(set) var count = 0

    package var isEmpty: Bool { count == 0 }

    /// In no order that means anything.
    package var values: some Sequence<ContainerState> { rows.lazy.joined() }

    package var keys: some Sequence<String> { rows.lazy.joined().lazy.map(\.id) }

    /// The container with this full id; what is set must have it.
    package internal(set) subscript(id: String) -> ContainerState? {
        get {
            let row = rows[row(of: id)]
            let position = Self.position(of: id, in: row)
            return position < row.count && row[position].id == id ? row[position] : nil
        }
        set {
            let index = row(of: id)
            let position = Self.position(of: id, in: rows[index])
            let isThere = position < rows[index].count && rows[index][position].id == id
            switch (isThere, newValue) {
            case (true, .some(let container)): rows[index][position] = container
            case (true, .none):
                rows[index].remove(at: position)
                count -= 1
            case (false, .some(let container)):
                rows[index].insert(container, at: position)
                count += 1
                growIfFull()
            case (false, .none): break
            }
        }
    }

    private mutating func growIfFull() {
        guard count > rows.count * Self.fill * 2 else {
            return
        }
        let all = rows.joined().sorted { $0.id < $1.id }
        rows = Array(repeating: [], count: rows.count * 4)
        for container in all {
            rows[row(of: container.id)].append(container)
        }
    }

    /// Ids are hexadecimal digits that look like chance; others only make rows of different lengths.
    private func row(of id: String) -> Int {
        guard rows.count > 1 else {
            return 0
        }
        var hash: UInt32 = 2_166_136_261
        for byte in id.utf8.prefix(12) {
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        return Int((hash ^ hash >> 15) & UInt32(rows.count - 1))
    }

    /// Where the container is in its row, or would be.
    private static func position(of id: String, in row: [ContainerState]) -> Int {
        var low = 0
        var high = row.count
        while low < high {
            let middle = (low + high) / 2
            if row[middle].id < id {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

/// How many containers there are in each state.
package struct StateCounts: Sendable, Equatable {
    /// `created`, `running` and so on, with how many containers are in it; never 0.
    package private(set) var byState: [String: Int] = [:]

    package init() {}

    /// In all states.
    package var all: Int { byState.values.reduce(0, +) }

    package subscript(state: String) -> Int { byState[state] ?? 0 }

    mutating func add(_ state: String, _ change: Int) {
        let count = self[state] + change
        byState[state] = count == 0 ? nil : count
    }

    package static func += (left: inout StateCounts, right: StateCounts) {
        for (state, count) in right.byState {
            left.add(state, count)
        }
    }
}
