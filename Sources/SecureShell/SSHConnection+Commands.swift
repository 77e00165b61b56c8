// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

extension SSHConnection {
    package func run(
        _ command: String,
        input: [UInt8],
        deadline: Deadline,
        onOutput: @escaping @Sendable (CommandOutput) -> Void
    ) async throws -> CommandStatus {
        let channel = try await SSHChannel.open(.session, on: loop, deadline: deadline)
        let wrapped = WrappedCommand(command)
        var mark = ProcessMark()
        do {
            try await channel.start("exec", wrapped.commandLine, deadline: deadline)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await Self.feed(wrapped.preamble + input, to: channel, deadline: deadline)
                }
                defer { group.cancelAll() }
                while let piece = try await channel.read(stage: .command, deadline: deadline) {
                    if let passed = mark.strip(piece) {
                        onOutput(passed)
                    }
                }
                if let rest = mark.rest() {
                    onOutput(rest)
                }
                return try await channel.waitForStatus(deadline: deadline)
            }
        } catch {
            await hangUp(mark.processID)
            throw error
        }
    }

    /// Writes the input and ends it; a command that reads none of it is no error.
    private static func feed(_ input: [UInt8], to channel: SSHChannel, deadline: Deadline) async throws {
        do {
            try await channel.write(input, stage: .command, deadline: deadline)
            try await channel.finishInput(deadline: deadline)
        } catch SSHError.channelRefused {
            // The command ended, or closed its standard input, before it read everything.
            return
        }
    }

    /// Ends what a command left running: closing a channel alone leaves the processes of a command
    /// without a terminal alive, and libssh2 cannot send signals.
    private func hangUp(_ processID: Int?) async {
        guard let processID else {
            return
        }
        let deadline = Deadline.after(.seconds(5))
        let loop = loop
        // Ends at the deadline; not a child task, because those of a cancelled task are cancelled too.
        _ = await Task {
            let channel = try await SSHChannel.open(.session, on: loop, deadline: deadline)
            let command = "kill -HUP -- -\(processID) 2>/dev/null; sudo -n kill -HUP -- -\(processID) 2>/dev/null"
            try await channel.start("exec", command, deadline: deadline)
            while try await channel.read(stage: .command, deadline: deadline) != nil {
            }
        }.result
    }
}

/// A command line in a shell that first tells the number of its process, on standard error.
struct WrappedCommand {
    let commandLine: String
    /// Written to standard input before the command's own.
    let preamble: [UInt8]

    /// In bytes; libssh2 sends no request longer than 34 KiB.
    private static let inlineLimit = 24 << 10

    /// Works in every shell that knows `exec` and single quotes; the user's own shell runs the command.
    init(_ command: String) {
        let mark = "echo \"\(ProcessMark.prefix)$$\" >&2"
        let shell = "exec \"${SHELL:-/bin/sh}\" -c"
        let quoted = command.replacing("'", with: "'\\''")
        if quoted.utf8.count <= Self.inlineLimit {
            commandLine = "exec /bin/sh -c '\(mark); \(shell) \"$0\"' '\(quoted)'"
            preamble = []
        } else {
            preamble = Array(command.utf8)
            // One byte at a time, so that nothing of what follows is taken away.
            let read = "c=$(dd bs=1 count=\(preamble.count) 2>/dev/null)"
            commandLine = "exec /bin/sh -c '\(mark); \(read); \(shell) \"$c\"'"
        }
    }
}

/// Finds the process number that a ``WrappedCommand`` writes first, and takes it out of the output.
struct ProcessMark {
    static let prefix = "swarmctl-process:"

    private(set) var processID: Int?
    private var held: [UInt8] = []
    private var isOver = false

    /// What is left of a piece of output; nil when that is nothing.
    mutating func strip(_ piece: CommandOutput) -> CommandOutput? {
        guard case .standardError(let bytes) = piece, !isOver else {
            return piece
        }
        held += bytes
        let prefix = Array(Self.prefix.utf8)
        guard held.starts(with: prefix) else {
            return prefix.starts(with: held) ? nil : release(held)
        }
        guard let end = held.firstIndex(of: UInt8(ascii: "\n")) else {
            return held.count < 64 ? nil : release(held)
        }
        processID = Int(String(decoding: held[prefix.count..<end], as: UTF8.self))
        return release(Array(held[(end + 1)...]))
    }

    /// What was held back in the hope of more.
    mutating func rest() -> CommandOutput? {
        isOver ? nil : release(held)
    }

    private mutating func release(_ bytes: [UInt8]) -> CommandOutput? {
        isOver = true
        held = []
        return bytes.isEmpty ? nil : .standardError(bytes)
    }
}
