// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The process's own terminal; the only place of swarmctl that prints.
///
/// Calls from several tasks do not mix within a line. The live block is erased before anything else
/// is written and drawn again after it, so that it stays at the bottom.
package final class LiveTerminal: OperatorTerminal {
    private let block = Mutex<[String]>([])
    private let environment: [String: String]

    /// - Parameter environment: where `NO_COLOR` and `TERM` are looked up.
    package init(environment: [String: String]) {
        self.environment = environment
    }

    package func output(_ line: String) {
        write(Array("\(line)\n".utf8), to: .standardOutput)
    }

    package func note(_ line: String) {
        write(Array("\(line)\n".utf8), to: .standardError)
    }

    package func write(_ bytes: [UInt8], to stream: OutputStream) {
        block.withLock { lines in
            put(eraser(of: lines), to: STDERR_FILENO)
            put(bytes, to: stream == .standardOutput ? STDOUT_FILENO : STDERR_FILENO)
            put(drawing(of: lines), to: STDERR_FILENO)
        }
    }

    package func live(_ lines: [String]) {
        guard isInteractive else {
            return
        }
        let columns = width
        // A line as wide as the terminal would wrap, and the block could not be erased any more.
        let cut = lines.map { DisplayWidth.cut($0, to: max(1, columns - 1)) }
        block.withLock { shown in
            // One write, so that the terminal does not flicker.
            put(eraser(of: shown) + drawing(of: cut), to: STDERR_FILENO)
            shown = cut
        }
    }

    package func confirm(_ question: String) -> Bool {
        put(Array("\(question) [y/N] ".utf8), to: STDERR_FILENO)
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }

    package var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    package var hasInputTerminal: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    package var width: Int {
        var size = winsize()
        for file in [STDERR_FILENO, STDOUT_FILENO] {
            if ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
                return Int(size.ws_col)
            }
        }
        return environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    package var hasColor: Bool {
        isatty(STDERR_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    private func eraser(of lines: [String]) -> [UInt8] {
        lines.isEmpty ? [] : Array("\u{1B}[\(lines.count)A\r\u{1B}[J".utf8)
    }

    private func drawing(of lines: [String]) -> [UInt8] {
        lines.flatMap { Array("\($0)\n".utf8) }
    }

    /// Writes all of `bytes`.
    ///
    /// A reader that went away ends the process, as the signal SIGPIPE would, which is ignored
    /// because it would also end it for a socket.
    private func put(_ bytes: [UInt8], to file: Int32) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                systemWrite(file, buffer.baseAddress, written, bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE, file == STDOUT_FILENO {
                exit(141)
            } else if errno == EAGAIN {
                var ready = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}

// Inside the class, the name `write` means its own method.
private func systemWrite(_ file: Int32, _ buffer: UnsafeRawPointer?, _ offset: Int, _ count: Int) -> Int {
    guard let buffer else {
        return 0
    }
    return write(file, buffer + offset, count)
}
