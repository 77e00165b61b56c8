// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Lines over numbers of nodes, both axes logarithmic: what grows in proportion is a straight line.
struct GrowthDrawing {
    struct Line {
        let name: String
        let unit: Figure.Unit
        let values: [Double]
    }

    private static let width = 720.0
    private static let panelHeight = 190.0
    private static let margin = 70.0

    let title: String
    let labels: [String]
    /// Each has a panel of its own, because their units differ.
    let lines: [Line]

    var svg: String {
        let height = Self.panelHeight * Double(lines.count) + 60
        let panels = lines.enumerated().map { index, line in panel(line, top: 50 + Self.panelHeight * Double(index)) }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" height="\(Int(height))" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(Self.margin)" y="26" font-size="15">\(title)</text>
            \(panels.joined(separator: "\n"))
            </svg>

            """
    }

    private func panel(_ line: Line, top: Double) -> String {
        let logs = line.values.map { log10(max($0, 1e-9)) }
        // At least a decade high, so that what hardly grows looks like it.
        let low = ((logs.min() ?? 0) - 0.1)
        let high = max((logs.max() ?? 0) + 0.1, low + 1.2)
        let bottom = top + Self.panelHeight - 50
        let points = logs.enumerated().map { index, value in
            (x: x(index), y: bottom - (value - low) / (high - low) * (Self.panelHeight - 70))
        }
        let path = points.map { "\(Self.text($0.x)),\(Self.text($0.y))" }.joined(separator: " ")
        let marks = zip(points, zip(line.values, labels)).map { point, value in
            """
            <circle cx="\(Self.text(point.x))" cy="\(Self.text(point.y))" r="3" fill="#1f5fa8"/>
            <text x="\(Self.text(point.x + 6))" y="\(Self.text(point.y - 6))">\(line.unit.format(value.0))</text>
            <text x="\(Self.text(point.x))" y="\(Self.text(bottom + 16))" text-anchor="middle">\(value.1)</text>
            """
        }
        return """
            <text x="\(Self.margin)" y="\(Self.text(top + 8))" fill="#555">\(line.name)</text>
            <line x1="\(Self.margin)" y1="\(Self.text(bottom))" x2="\(Self.width - 30)" y2="\(Self.text(bottom))" \
            stroke="#999"/>
            <polyline points="\(path)" fill="none" stroke="#1f5fa8" stroke-width="2"/>
            \(marks.joined(separator: "\n"))
            """
    }

    /// Positions follow the logarithm of the label.
    private func x(_ index: Int) -> Double {
        let logs = labels.map { log10(Double($0) ?? 1) }
        guard let low = logs.min(), let high = logs.max(), high > low else {
            return Self.margin
        }
        return Self.margin + 20 + (logs[index] - low) / (high - low) * (Self.width - 2 * Self.margin - 60)
    }

    private static func text(_ value: Double) -> String {
        String((value * 10).rounded() / 10)
    }
}
