// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import OperatorCommands
import SwarmCore
import Synchronization

/// Keeps what is written; answers questions as told.
final class FakeTerminal: OperatorTerminal {
    private struct State {
        var output: [String] = []
        var notes: [String] = []
        var questions: [String] = []
    }

    private let state = Mutex(State())
    private let answer: Bool
    let isInteractive: Bool
    let width = 80
    let hasColor = false
    let hasInputTerminal = false

    init(isInteractive: Bool = false, answer: Bool = true) {
        self.isInteractive = isInteractive
        self.answer = answer
    }

    var output: [String] { state.withLock(\.output) }
    var notes: [String] { state.withLock(\.notes) }
    var questions: [String] { state.withLock(\.questions) }

    func output(_ line: String) { state.withLock { $0.output.append(line) } }
    func note(_ line: String) { state.withLock { $0.notes.append(line) } }
    func live(_ lines: [String]) {}
    func write(_ bytes: [UInt8], to stream: OutputStream) {}

    func confirm(_ question: String) -> Bool {
        state.withLock { $0.questions.append(question) }
        return answer
    }
}
