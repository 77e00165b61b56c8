// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension SSHConnection {
    /// How ``interact(_:pseudoTerminal:streams:)`` treats the local terminal.
    package enum PseudoTerminal: Sendable {
        /// A remote terminal when standard input is a local one.
        case automatic
        case always
        case never
    }

    /// The local descriptors that a remote command uses; none of them is closed.
    package struct Streams: Sendable {
        package var input: Int32
        package var output: Int32
        package var error: Int32

        package init(input: Int32 = 0, output: Int32 = 1, error: Int32 = 2) {
            self.input = input
            self.output = output
            self.error = error
        }
    }

    /// Gives the remote side the standard streams of this process until the command ends.
    ///
    /// With a remote terminal the local one is raw meanwhile, and its size is passed on as it changes.
    ///
    /// - Parameters:
    ///   - command: the command line; nil for the login shell.
    ///   - pseudoTerminal: whether the remote side gets a terminal.
    ///   - streams: the descriptors, those of the process unless told.
    /// - Returns: how the command ended.
    /// - Throws: ``SSHError``; `CancellationError`. The local terminal is restored before.
    package func interact(
        _ command: String?,
        pseudoTerminal: PseudoTerminal = .automatic,
        streams: Streams = Streams()
    ) async throws -> CommandStatus {
        let isTerminal = isatty(streams.input) == 1
        let wantsTerminal =
            switch pseudoTerminal {
            case .automatic: isTerminal && command == nil
            case .always: true
            case .never: false
            }
        let deadline = Deadline.after(.seconds(30))
        let channel = try await SSHChannel.open(.session, on: loop, deadline: deadline)
        guard wantsTerminal else {
            try await start(command, on: channel, deadline: deadline)
            return try await bridge(channel, streams)
        }
        let type = ProcessInfo.processInfo.environment["TERM"] ?? "xterm-256color"
        let size = LocalTerminal.size(of: streams.input) ?? TerminalSize(columns: 80, rows: 24)
        try await channel.requestTerminal(type, size: size, deadline: deadline)
        try await start(command, on: channel, deadline: deadline)
        let terminal = LocalTerminal(file: streams.input) { channel.resize($0) }
        defer { terminal.restore() }
        return try await bridge(channel, streams)
    }

    private func start(_ command: String?, on channel: SSHChannel, deadline: Deadline) async throws {
        try await channel.start(command == nil ? "shell" : "exec", command, deadline: deadline)
    }

    /// Joins the channel and the streams until the command ends or the task is cancelled.
    private func bridge(_ channel: SSHChannel, _ streams: Streams) async throws -> CommandStatus {
        let number = channel.number
        let loop = loop
        let files = Bridge.Files(input: streams.input, output: streams.output, error: streams.error, isSocket: false)
        let ticket = Ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<CommandStatus, any Error>) in
                let isTaken = loop.submit { core in
                    core.add(
                        Bridge(number: number, files: files, ticket: ticket) { result in
                            continuation.resume(with: result)
                        }
                    )
                }
                if !isTaken {
                    continuation.resume(throwing: SSHError.closed(loop.endpoint))
                }
            }
        } onCancel: {
            ticket.cancel()
            loop.submit { _ in }
        }
    }
}

/// The local terminal in raw mode; put back as it was by ``restore()``.
final class LocalTerminal {
    private let file: Int32
    private var saved: termios?
    private let watcher: any DispatchSourceSignal

    /// Makes the terminal raw, when `file` is one, and calls `onResize` for each change of its size.
    init(file: Int32, onResize: @escaping @Sendable (TerminalSize) -> Void) {
        self.file = file
        var state = termios()
        if unsafe tcgetattr(file, &state) == 0 {
            saved = state
            unsafe cfmakeraw(&state)
            _ = unsafe tcsetattr(file, TCSADRAIN, &state)
        }
        watcher = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
        watcher.setEventHandler {
            if let size = Self.size(of: file) {
                onResize(size)
            }
        }
        watcher.resume()
    }

    func restore() {
        watcher.cancel()
        if var saved {
            _ = unsafe tcsetattr(file, TCSADRAIN, &saved)
            self.saved = nil
        }
    }

    /// The size of the terminal at `file`; nil when that is none.
    static func size(of file: Int32) -> TerminalSize? {
        var size = winsize()
        guard unsafe ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return TerminalSize(columns: Int32(size.ws_col), rows: Int32(size.ws_row))
    }
}
