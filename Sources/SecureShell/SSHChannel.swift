// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibSSH2
internal import SwarmCore

/// One channel of a session, used by one command or subsystem; closed with its owner.
final class SSHChannel: Sendable {
    let loop: SessionLoop
    /// Its number in the ``ChannelTable``.
    let number: Int

    /// Opens a channel; waits when the server allows no more of them for now.
    static func open(_ kind: ChannelKind, on loop: SessionLoop, deadline: Deadline?) async throws -> SSHChannel {
        let ticket = Ticket()
        let number = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int, any Error>) in
                let isTaken = loop.submit { core in
                    core.open(
                        ChannelRequest(kind: kind, ticket: ticket, deadline: deadline) { _, result in
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
        return SSHChannel(loop: loop, number: number)
    }

    private init(loop: SessionLoop, number: Int) {
        self.loop = loop
        self.number = number
    }

    deinit {
        let number = number
        loop.submit { $0.closeChannel(number) }
    }

    /// Starts `exec` with a command line, `subsystem` with a name, or `shell` with nothing.
    func start(_ request: String, _ argument: String?, deadline: Deadline?) async throws {
        let argument = argument.map { Array($0.utf8) }
        try unsafe await call("run the request \"\(request)\"", stage: .channel, deadline: deadline) { channel in
            let count = UInt32(truncatingIfNeeded: argument?.count ?? 0)
            guard let argument else {
                return unsafe libssh2_channel_process_startup(channel, request, UInt32(request.utf8.count), nil, 0)
            }
            return unsafe argument.withUnsafeBufferPointer { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                    unsafe libssh2_channel_process_startup(
                        channel,
                        request,
                        UInt32(request.utf8.count),
                        bytes.baseAddress,
                        count
                    )
                }
            }
        }
    }

    /// Asks for a terminal of `size` for the command to come.
    func requestTerminal(_ type: String, size: TerminalSize, deadline: Deadline?) async throws {
        try unsafe await call("allocate a terminal", stage: .channel, deadline: deadline) { channel in
            let count = UInt32(type.utf8.count)
            return unsafe libssh2_channel_request_pty_ex(channel, type, count, nil, 0, size.columns, size.rows, 0, 0)
        }
    }

    /// Tells the terminal's new size; failures do not matter.
    func resize(_ size: TerminalSize) {
        let number = number
        loop.submit { core in
            if let channel = try? unsafe core.channel(number) {
                _ = unsafe libssh2_channel_request_pty_size_ex(channel, size.columns, size.rows, 0, 0)
            }
        }
    }

    /// The next piece of output of either stream; nil at the end of both.
    func read(stage: SSHError.Stage, deadline: Deadline?) async throws -> CommandOutput? {
        let number = number
        return try await loop.perform(deadline: deadline, stage: stage) { core in
            let channel = try unsafe core.channel(number)
            for stream: Int32 in [0, 1] {
                var code = 0
                let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                    code = unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                        unsafe libssh2_channel_read_ex(channel, stream, buffer.baseAddress, buffer.count)
                    }
                    count = max(0, code)
                }
                if code > 0 {
                    return .done(stream == 0 ? .standardOutput(bytes) : .standardError(bytes))
                }
                guard code == 0 || code == Int(LIBSSH2_ERROR_EAGAIN) else {
                    throw core.error(code, "read from a channel")
                }
            }
            return unsafe libssh2_channel_eof(channel) == 1 ? .done(nil) : .blocked
        }
    }

    /// Writes all of `bytes`, as fast as the other side takes them.
    func write(_ bytes: [UInt8], stage: SSHError.Stage, deadline: Deadline?) async throws {
        let number = number
        var written = 0
        while written < bytes.count {
            let start = written
            let count: Int = try await loop.perform(deadline: deadline, stage: stage) { core in
                let count = try core.write(bytes[start...], to: number)
                return count > 0 ? .done(count) : .blocked
            }
            written += count
        }
    }

    /// Tells the other side that no more input comes.
    func finishInput(deadline: Deadline?) async throws {
        try unsafe await call("end the input", stage: .command, deadline: deadline) { channel in
            unsafe libssh2_channel_send_eof(channel)
        }
    }

    /// Waits, after the end of the output, until the other side has closed the channel.
    func waitForStatus(deadline: Deadline?) async throws -> CommandStatus {
        let number = number
        return try await loop.perform(deadline: deadline, stage: .command) { core in
            try core.status(of: number)
        }
    }

    private func call(
        _ operation: String,
        stage: SSHError.Stage,
        deadline: Deadline?,
        _ body: @escaping @Sendable (OpaquePointer) -> Int32
    ) async throws {
        let number = number
        try await loop.perform(deadline: deadline, stage: stage) { core -> Progress<Void> in
            switch unsafe body(try core.channel(number)) {
            case LIBSSH2_ERROR_EAGAIN: .blocked
            case 0: .done(())
            case let code: throw core.error(Int(code), operation)
            }
        }
    }
}

extension SessionCore {
    /// Writes as much as the channel's window and the wire take; 0 when that is nothing for now.
    func write(_ bytes: ArraySlice<UInt8>, to number: Int) throws(SSHError) -> Int {
        let channel = try unsafe channel(number)
        var written = 0
        while written < bytes.count, wire?.hasRoom == true {
            let code = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer.dropFirst(written))
                return unsafe rest.withMemoryRebound(to: CChar.self) { rest in
                    unsafe libssh2_channel_write_ex(channel, 0, rest.baseAddress, rest.count)
                }
            }
            if code == Int(LIBSSH2_ERROR_EAGAIN) || code == 0 {
                break
            }
            guard code > 0 else {
                throw error(code, "write to a channel")
            }
            written += code
        }
        return written
    }

    /// How the command of a channel ended, once the other side has closed it.
    func status(of number: Int) throws(SSHError) -> Progress<CommandStatus> {
        let channel = try unsafe channel(number)
        switch unsafe libssh2_channel_wait_closed(channel) {
        case LIBSSH2_ERROR_EAGAIN: return .blocked
        case 0: break
        case let code: throw error(Int(code), "close a channel")
        }
        var name: UnsafeMutablePointer<CChar>?
        var count = 0
        _ = unsafe libssh2_channel_get_exit_signal(channel, &name, &count, nil, nil, nil, nil)
        guard let name = unsafe name else {
            return .done(.exited(unsafe libssh2_channel_get_exit_status(channel)))
        }
        defer { unsafe libssh2_free(session, name) }
        return .done(.signalled(unsafe String(cString: name)))
    }
}

/// The size of a terminal in characters.
struct TerminalSize: Sendable, Equatable {
    var columns: Int32
    var rows: Int32
}
