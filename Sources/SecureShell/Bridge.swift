// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibSSH2
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Joins a channel with local descriptors, in both directions and with half-closes.
///
/// Neither side is read faster than the other one writes: a buffer is filled only when it is empty.
final class Bridge: LoopService {
    /// The local ends.
    struct Files {
        /// Read and sent to the channel.
        var input: Int32
        /// Written with the channel's standard output.
        var output: Int32
        /// Written with its standard error; nil drops that.
        var error: Int32?
        /// Whether input and output are one socket, which is owned and closed by the bridge.
        var isSocket: Bool
    }

    private let files: Files
    private let number: Int
    private let ticket: Ticket
    private var toChannel: [UInt8] = []
    private var toOutput: [UInt8] = []
    private var toError: [UInt8] = []
    private var hasInputEnded = false
    private var hasSentEnd = false
    private var hasOutputEnded = false
    private var isAborted = false
    private var answer: ((Result<CommandStatus, any Error>) -> Void)?

    private static let chunk = 64 << 10

    /// - Parameters:
    ///   - number: the channel, which the bridge closes at its end.
    ///   - files: the local ends.
    ///   - ticket: ends the bridge when it is cancelled.
    ///   - answer: called once with how the command ended; a socket's bridge needs none.
    init(
        number: Int,
        files: Files,
        ticket: Ticket = Ticket(),
        answer: ((Result<CommandStatus, any Error>) -> Void)? = nil
    ) {
        self.number = number
        self.ticket = ticket
        self.files = files
        self.answer = answer
    }

    var interests: [Interest] {
        var interests: [Interest] = []
        if !hasInputEnded, toChannel.isEmpty {
            interests.append(.read(files.input))
        }
        if !toOutput.isEmpty {
            interests.append(.write(files.output))
        }
        if let error = files.error, !toError.isEmpty {
            interests.append(.write(error))
        }
        return interests
    }

    /// Ends at the next step.
    func abort() {
        isAborted = true
    }

    func step(_ core: SessionCore, ready: inout [Int32: Int16]) -> Bool {
        guard !isAborted else {
            return finish(core, .failure(SSHError.closed(core.endpoint)))
        }
        guard !ticket.isCancelled else {
            return finish(core, .failure(CancellationError()))
        }
        do {
            try sendInput(core, ready: &ready)
            try takeOutput(core, ready: &ready)
            guard hasOutputEnded, toOutput.isEmpty, toError.isEmpty else {
                return true
            }
            if files.isSocket {
                return hasSentEnd ? finish(core, .success(.exited(0))) : true
            }
            switch try core.status(of: number) {
            case .blocked: return true
            case .done(let status): return finish(core, .success(status))
            }
        } catch {
            return finish(core, .failure(error))
        }
    }

    func end(_ error: SSHError) {
        if files.isSocket {
            close(files.input)
        }
        answer?(.failure(error))
        answer = nil
    }

    private func finish(_ core: SessionCore, _ result: Result<CommandStatus, any Error>) -> Bool {
        core.closeChannel(number)
        if files.isSocket {
            close(files.input)
        }
        answer?(result)
        answer = nil
        return false
    }

    private func sendInput(_ core: SessionCore, ready: inout [Int32: Int16]) throws(SSHError) {
        if toChannel.isEmpty, !hasInputEnded, take(&ready, files.input, PollEvents.readable) {
            readInput()
        }
        if !toChannel.isEmpty {
            do {
                toChannel.removeFirst(try core.write(toChannel[...], to: number))
            } catch {
                // The other side takes no more; what it still sends is passed on.
                guard core.failure == nil, !files.isSocket else {
                    throw error
                }
                toChannel = []
                hasInputEnded = true
                hasSentEnd = true
            }
        }
        if hasInputEnded, toChannel.isEmpty, !hasSentEnd {
            hasSentEnd = unsafe libssh2_channel_send_eof(try core.channel(number)) != LIBSSH2_ERROR_EAGAIN
        }
    }

    private func readInput() {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, used in
            count = unsafe Int(read(files.input, buffer.baseAddress, buffer.count))
            used = max(0, count)
        }
        if count > 0 {
            toChannel = bytes
        } else if count == 0 {
            hasInputEnded = true
        } else if errno != EAGAIN, errno != EINTR {
            hasInputEnded = true
            isAborted = files.isSocket
        }
    }

    private func takeOutput(_ core: SessionCore, ready: inout [Int32: Int16]) throws(SSHError) {
        try pass(&toOutput, core, stream: 0, to: files.output, ready: &ready)
        try pass(&toError, core, stream: 1, to: files.error, ready: &ready)
        if !hasOutputEnded, toOutput.isEmpty, toError.isEmpty, unsafe libssh2_channel_eof(try core.channel(number)) == 1
        {
            hasOutputEnded = true
            if files.isSocket {
                shutdown(files.output, Int32(SHUT_WR))
            }
        }
    }

    /// Passes one stream on until the channel has nothing more or the file takes nothing more.
    ///
    /// No event tells of what the library holds back, so nothing is left there without a reason to be
    /// called again: bytes in `buffer`, for which the file is polled.
    private func pass(
        _ buffer: inout [UInt8],
        _ core: SessionCore,
        stream: Int32,
        to file: Int32?,
        ready: inout [Int32: Int16]
    ) throws(SSHError) {
        guard !hasOutputEnded || !buffer.isEmpty else {
            return
        }
        while true {
            if buffer.isEmpty {
                buffer = try read(core, stream: stream)
            }
            guard !buffer.isEmpty else {
                return
            }
            guard let file else {
                buffer = []
                continue
            }
            guard files.isSocket || take(&ready, file, PollEvents.writable) else {
                return
            }
            writeOut(&buffer, to: file)
            guard buffer.isEmpty else {
                return
            }
        }
    }

    private func read(_ core: SessionCore, stream: Int32) throws(SSHError) -> [UInt8] {
        let channel = try unsafe core.channel(number)
        var code = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            code = unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                unsafe libssh2_channel_read_ex(channel, stream, buffer.baseAddress, buffer.count)
            }
            count = max(0, code)
        }
        guard code >= 0 || code == Int(LIBSSH2_ERROR_EAGAIN) else {
            throw core.error(code, "read from a channel")
        }
        return bytes
    }

    /// A terminal may block, so it is given no more than it surely takes.
    private func writeOut(_ bytes: inout [UInt8], to file: Int32) {
        let size = files.isSocket ? bytes.count : min(bytes.count, 4096)
        let count = unsafe bytes.withUnsafeBytes { unsafe Int(systemWrite(file, $0.baseAddress, size)) }
        if count > 0 {
            bytes.removeFirst(count)
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            bytes = []
            isAborted = files.isSocket
        }
    }

    private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        files.isSocket
            ? unsafe send(file, bytes, count, SystemSocket.noSignal) : unsafe unistdWrite(file, bytes, count)
    }

    private func read(_ file: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
        unsafe unistdRead(file, buffer, count)
    }

    private func take(_ ready: inout [Int32: Int16], _ file: Int32, _ events: Int16) -> Bool {
        guard let reported = ready[file], reported & events != 0 else {
            return false
        }
        let rest = reported & ~events
        ready[file] = rest == 0 ? nil : rest
        return true
    }
}

// Inside `Bridge` the name `read` means its own methods.
private func unistdRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(file, buffer, count)
}

private func unistdWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(file, bytes, count)
}
