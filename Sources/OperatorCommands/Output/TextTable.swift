// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Rows under headings, each column as wide as its widest cell.
///
/// When the table is wider than the terminal, the last column is cut; no other is, so that names and
/// addresses can be copied.
package struct TextTable: Sendable, Equatable {
    private static let gap = 3
    private static let leastLastColumn = 12

    package var headings: [String]
    package private(set) var rows: [[String]] = []

    /// - Parameter headings: one for each column, in capitals.
    package init(_ headings: String...) {
        self.headings = headings
    }

    /// Adds a row; missing cells and empty ones are shown as `-`.
    ///
    /// Line breaks within a cell become spaces.
    package mutating func append(_ cells: [String]) {
        rows.append(
            headings.indices.map { column in
                let cell = column < cells.count ? cells[column] : ""
                let line = cell.split(whereSeparator: \.isNewline).joined(separator: " ")
                return line.isEmpty ? "-" : line
            }
        )
    }

    /// The lines of the table, headings first.
    ///
    /// - Parameter width: the columns of the terminal; `nil` for a file or a pipe, where nothing is cut.
    /// - Returns: lines without trailing spaces.
    package func lines(width: Int?) -> [String] {
        let all = [headings] + rows
        var widths = headings.indices.map { column in all.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        if let width, let last = widths.last {
            let before = widths.dropLast().reduce(0) { $0 + $1 + Self.gap }
            widths[widths.count - 1] = min(last, max(Self.leastLastColumn, width - before))
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line +=
                    column == row.count - 1
                    ? DisplayWidth.cut(cell, to: widths[column])
                    : DisplayWidth.pad(cell, to: widths[column] + Self.gap)
            }
            return line
        }
    }
}
