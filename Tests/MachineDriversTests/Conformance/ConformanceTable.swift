// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Synchronization

/// The table driver × case, printed row by row as drivers end theirs.
enum ConformanceTable {
    private static let cells = Mutex<[String: [ConformanceCase: String]]>([:])

    /// Notes the outcome of one case, and prints the driver's row when it was the last.
    static func note(_ outcome: String, of column: ConformanceCase, for driver: String) {
        let row = cells.withLock { cells -> [ConformanceCase: String]? in
            cells[driver, default: [:]][column] = outcome
            return cells[driver]?.count == ConformanceCase.allCases.count ? cells[driver] : nil
        }
        guard let row else {
            return
        }
        let columns = ConformanceCase.allCases
            .map { column in "\(column.rawValue): \(row[column] ?? "?")" }
            .joined(separator: " | ")
        FileHandle.standardError.write(Data("conformance | \(driver) | \(columns)\n".utf8))
    }
}
