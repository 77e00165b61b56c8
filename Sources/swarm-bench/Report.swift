// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The figures of a run: a table that grows while it runs, and JSON at its end.
final class Report: Sendable {
    private static let widths = [42, 34, 10, 10, 10, 40]

    private let machine: MachineDescription?
    private let figures = Mutex<[Figure]>([])

    init(machine: MachineDescription) {
        self.machine = machine
        Self.write(machine.text)
        Self.write(Self.row(["what", "load", "measured", "budget", "ratio", "to the reference"]))
    }

    /// A table of other columns, without a machine.
    init(columns: [String]) {
        machine = nil
        row(columns)
    }

    /// Prints a line of the table.
    func row(_ cells: [String]) { Self.write(Self.row(cells)) }

    /// Adds and prints a figure.
    func add(_ figure: Figure) {
        figures.withLock { $0.append(figure) }
        let unit = figure.unit
        let budget =
            figure.budget.map { limit in
                let isMet = figure.meetsBudget
                return "\(unit == .perSecond ? isMet ? "≥" : "below" : isMet ? "≤" : "over") \(unit.format(limit))"
            } ?? ""
        let ratio = figure.reference.map { Self.ratio(figure.value, $0.value) } ?? ""
        let reference = figure.reference.map { "\($0.name): \(unit.format($0.value))" } ?? ""
        Self.write(Self.row([figure.what, figure.load, unit.format(figure.value), budget, ratio, reference]))
    }

    /// Prints a line that is no figure.
    func note(_ text: String) { Self.write(text) }

    func finish() {
        let missed = figures.withLock { $0.count { !$0.meetsBudget } }
        Self.write(missed == 0 ? "all budgets are met" : "\(missed) budgets are not met")
    }

    /// The figures as JSON; values are in nanoseconds, bytes, or events per second.
    var text: String {
        let list = figures.withLock { $0 }.map { figure in
            var members: [(String, JSON)] = [
                ("what", JSON(figure.what)), ("load", JSON(figure.load)),
                ("unit", JSON(figure.unit == .seconds ? "ns" : figure.unit.rawValue)),
                ("value", Self.number(figure.value, figure.unit)),
            ]
            members += figure.budget.map { [("budget", Self.number($0, figure.unit))] } ?? []
            members +=
                figure.reference.map {
                    [
                        ("reference", JSON($0.name)), ("referenceValue", Self.number($0.value, figure.unit)),
                    ]
                } ?? []
            return JSONObject(members).json
        }
        return JSONObject([("machine", machine?.json ?? .null), ("figures", JSON(list))]).json.text + "\n"
    }

    private static func number(_ value: Double, _ unit: Figure.Unit) -> JSON {
        JSON(Int64(exactly: (unit == .seconds ? value * 1e9 : value).rounded()) ?? .max)
    }

    private static func ratio(_ value: Double, _ reference: Double) -> String {
        reference > 0 ? "\((value / reference * 1000).rounded() / 1000)" : ""
    }

    private static func row(_ cells: [String]) -> String {
        zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }.joined()
    }

    private static func write(_ line: String) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { writeBytes(1, $0.baseAddress, $0.count) }
            guard count > 0 else {
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// `write(2)` by a name that no method here hides.
private func writeBytes(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, bytes, count)
}
