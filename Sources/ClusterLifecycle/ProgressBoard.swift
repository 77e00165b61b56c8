// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore
internal import Synchronization

/// Tells a person how far each machine is: a live line each on a terminal, else one line a phase.
package final class ProgressBoard: Sendable {
    /// What a phase ended with.
    package enum Outcome: Sendable, Equatable {
        case done
        /// The phase found everything as it should be.
        case unchanged
        case failed(String)
    }

    private struct Row {
        var machine: String
        var phase: String
        var started: ContinuousClock.Instant
        var ended: ContinuousClock.Instant?
        var outcome: Outcome?
        var detail = ""
    }

    private struct State {
        var rows: [Row] = []
        var began = ContinuousClock.now
    }

    private let terminal: any Terminal
    private let state = Mutex(State())

    package init(terminal: any Terminal) {
        self.terminal = terminal
    }

    /// A phase of `machine` begins, or goes on when it has begun already.
    package func begin(_ phase: String, of machine: String) {
        let isNew = state.withLock { state -> Bool in
            let row = Row(machine: machine, phase: phase, started: .now)
            guard let index = state.rows.firstIndex(where: { $0.machine == machine }) else {
                state.rows.append(row)
                return true
            }
            let old = state.rows[index]
            guard old.phase != phase || old.outcome != nil else {
                return false
            }
            state.rows[index] = row
            return true
        }
        if isNew, !terminal.isInteractive {
            terminal.note("\(machine): \(phase)")
        }
        refresh()
    }

    /// The phase that `machine` is in ended.
    package func end(of machine: String, with outcome: Outcome) {
        let (phase, elapsed) = state.withLock { state -> (String, Duration) in
            guard let index = state.rows.firstIndex(where: { $0.machine == machine }) else {
                return ("", .zero)
            }
            state.rows[index].outcome = outcome
            state.rows[index].ended = .now
            return (state.rows[index].phase, .now - state.rows[index].started)
        }
        if !terminal.isInteractive {
            terminal.note("\(machine): \(phase) \(Self.words(for: outcome)) (\(Self.seconds(elapsed)))")
        }
        refresh()
    }

    /// Says what the phase of `machine` is doing just now, on a live line only.
    package func detail(_ text: String, of machine: String) {
        state.withLock { state in
            if let index = state.rows.firstIndex(where: { $0.machine == machine }) {
                state.rows[index].detail = text
            }
        }
        refresh()
    }

    /// Tells something the person should know though nothing failed.
    package func warn(_ text: String, about machine: String) {
        terminal.note("Warning: \(machine): \(text)")
    }

    /// Redraws the live lines every second, so that elapsed times move, until cancelled.
    package func keepFresh() async {
        guard terminal.isInteractive else {
            return
        }
        while !Task.isCancelled {
            refresh()
            try? await ContinuousClock().sleep(for: .seconds(1))
        }
    }

    /// Leaves the lines as they are and gives the terminal back.
    package func finish() {
        guard terminal.isInteractive else {
            return
        }
        let lines = lines()
        terminal.live([])
        for line in lines {
            terminal.note(line)
        }
    }

    private func refresh() {
        guard terminal.isInteractive else {
            return
        }
        terminal.live(lines())
    }

    private func lines() -> [String] {
        let rows = state.withLock(\.rows)
        let width = rows.map(\.machine.count).max() ?? 0
        return rows.map { row in
            let name = row.machine + String(repeating: " ", count: width - row.machine.count)
            let words = row.outcome.map { " \(Self.words(for: $0))" } ?? (row.detail.isEmpty ? " …" : ": \(row.detail)")
            return "\(name)  \(row.phase)\(words)  \(Self.seconds((row.ended ?? .now) - row.started))"
        }
    }

    private static func words(for outcome: Outcome) -> String {
        switch outcome {
        case .done: "done"
        case .unchanged: "unchanged"
        case .failed(let reason): "failed: \(reason)"
        }
    }

    /// With one digit behind the point: `12.3 s`.
    static func seconds(_ duration: Duration) -> String {
        let parts = duration.components
        return "\(parts.seconds).\(parts.attoseconds / 100_000_000_000_000_000) s"
    }
}
