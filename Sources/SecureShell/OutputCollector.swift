// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore
internal import Synchronization

/// A command that wrote more than may be kept.
package struct OutputTooLong: UserFacingError, Equatable {
    package let host: String
    /// In bytes.
    package let limit: Int

    package var message: String { "a command on \"\(host)\" wrote more than \(ByteCount(Int64(limit)).iec)" }
    package var kind: ErrorKind { .failed }
}

/// Keeps the output of one command, up to a limit.
final class OutputCollector: Sendable {
    private struct State {
        var output: [UInt8] = []
        var error: [UInt8] = []
        var isOver = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    func add(_ piece: CommandOutput) {
        state.withLock { state in
            let size =
                switch piece {
                case .standardOutput(let bytes), .standardError(let bytes): bytes.count
                }
            guard !state.isOver, state.output.count + state.error.count + size <= limit else {
                state.isOver = true
                return
            }
            switch piece {
            case .standardOutput(let bytes): state.output += bytes
            case .standardError(let bytes): state.error += bytes
            }
        }
    }

    func result(status: CommandStatus, host: String) throws(OutputTooLong) -> CommandResult {
        let state = state.withLock { $0 }
        guard !state.isOver else {
            throw OutputTooLong(host: host, limit: limit)
        }
        return CommandResult(
            status: status,
            standardOutput: String(decoding: state.output, as: UTF8.self),
            standardError: String(decoding: state.error, as: UTF8.self)
        )
    }
}
