// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import DockerAPI
internal import SwarmCore

/// `compare`: two runs beside each other.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare the figures of two runs",
        discussion: """
            Ratios are of the figures, and of the figures divided by their references, which leaves out how \
            fast the machine was at that time.

            EXIT STATUS: 0 compared; 10 a file cannot be read; 64 it holds no figures.
            """
    )

    @Argument(help: "What `--json` wrote.") var before: String
    @Argument(help: "What a later run wrote.") var after: String

    func run() throws {
        let old = try Self.figures(before)
        let report = Report(columns: ["what", "load", "before", "after", "ratio", "ratio to the references"])
        for figure in try Self.figures(after) {
            guard let earlier = old.first(where: { $0.what == figure.what && $0.load == figure.load }) else {
                report.row([figure.what, figure.load, "", figure.text(figure.value), "new", ""])
                continue
            }
            report.row([
                figure.what, figure.load, figure.text(earlier.value), figure.text(figure.value),
                Self.ratio(figure.value, earlier.value), Self.ratio(figure.relative, earlier.relative),
            ])
        }
    }

    private struct Line {
        let what: String
        let load: String
        let unit: String
        let value: Double
        let reference: Double?

        var relative: Double? { reference.flatMap { $0 > 0 ? value / $0 : nil } }

        func text(_ value: Double) -> String {
            let unit = unit == "ns" ? Figure.Unit.seconds : Figure.Unit(rawValue: unit) ?? .count
            return unit.format(unit == .seconds ? value / 1e9 : value)
        }
    }

    private static func figures(_ path: String) throws -> [Line] {
        let json = try JSON(parsing: try AtomicFile.read(path))
        let lines = (json["figures"]?.elements ?? []).compactMap { figure -> Line? in
            guard let what = figure["what"]?.string, let value = figure["value"]?.double else {
                return nil
            }
            return Line(
                what: what,
                load: figure["load"]?.string ?? "",
                unit: figure["unit"]?.string ?? "count",
                value: value,
                reference: figure["referenceValue"]?.double
            )
        }
        guard !lines.isEmpty else {
            throw ValidationError("no figures in \"\(path)\"")
        }
        return lines
    }

    private static func ratio(_ new: Double?, _ old: Double?) -> String {
        guard let new, let old, old != 0 else {
            return ""
        }
        return "\((new / old * 100).rounded() / 100)"
    }
}
