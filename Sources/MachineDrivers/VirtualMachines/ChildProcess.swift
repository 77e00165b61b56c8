// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Dispatch
internal import Foundation
internal import SwarmCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A program that runs, and may leave daemons behind, as VBoxManage does.
///
/// Foundation's `Process` waits for those too, and so does whoever reads a pipe that they inherit: so this
/// one is waited for by its id, and its output goes into files that have no name any more.
final class ChildProcess: Sendable {
    private let output: Int32
    private let errors: Int32
    /// `nil` when it has ended: then its id may be another's.
    private let process: Mutex<pid_t?>

    /// Starts the program at `path`, without input.
    ///
    /// - Throws: `FileError`.
    init(_ path: String, _ words: [String], environment: [String: String]) throws {
        output = try Self.file()
        do {
            errors = try Self.file()
        } catch {
            close(output)
            throw error
        }
        let id: pid_t
        do {
            id = try Self.spawn(path, words, environment.map { "\($0)=\($1)" }, streams: [output, errors])
        } catch {
            close(output)
            close(errors)
            throw error
        }
        process = Mutex(id)
    }

    deinit {
        close(output)
        close(errors)
    }

    /// Blocks until it has ended.
    ///
    /// - Returns: its exit status, 128 and the number for a signal, and what it wrote.
    func wait() -> ToolResult {
        guard let id = process.withLock({ $0 }) else {
            return ToolResult(status: 127)
        }
        var status: Int32 = 0
        // Left as a zombie until the lock is ours, so that nobody else has its id meanwhile.
        var details = siginfo_t()
        while waitid(P_PID, id_t(id), &details, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        process.withLock { process in
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            process = nil
        }
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        return ToolResult(status: code, output: Self.text(of: output), errors: Self.text(of: errors))
    }

    /// Asks it to end, and makes it when it has not after five seconds.
    func terminate() {
        signal(SIGTERM)
        DispatchQueue.global().asyncAfter(deadline: .now() + 5) { self.signal(SIGKILL) }
    }

    private func signal(_ number: Int32) {
        process.withLock { process in
            if let process {
                kill(process, number)
            }
        }
    }

    /// A new file without a name.
    private static func file() throws -> Int32 {
        var path = Array((NSTemporaryDirectory() + "swarmctl-XXXXXX").utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else {
            throw FileError(action: "write", path: NSTemporaryDirectory(), code: errno)
        }
        unlink(path)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }

    private static func text(of file: Int32) -> String {
        lseek(file, 0, SEEK_SET)
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
        return String(decoding: (try? handle.read(upToCount: 16 << 20)) ?? Data(), as: UTF8.self)
    }

    #if canImport(Glibc)
    /// The highest that is open, and some more, for what another thread opens meanwhile.
    private static var highestDescriptor: Int32 {
        let open = AtomicFile.names(in: "/proc/self/fd").compactMap { Int32($0) }
        return min(open.max() ?? 1024, 1 << 20) + 64
    }
    #endif

    private static func spawn(
        _ path: String,
        _ words: [String],
        _ environment: [String],
        streams: [Int32]
    ) throws -> pid_t {
        #if canImport(Glibc)
        var actions = posix_spawn_file_actions_t()
        #else
        var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        #if canImport(Glibc)
        var attributes = posix_spawnattr_t()
        #else
        var attributes: posix_spawnattr_t?
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores, or blocks in one of its threads, the program and its daemons must not.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        sigemptyset(&usual)
        [SIGINT, SIGTERM, SIGPIPE].forEach { sigaddset(&usual, $0) }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (number, stream) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream, Int32(number + 1))
        }
        // A daemon that outlives this process must hold none of its sockets, files or locks.
        #if canImport(Glibc)
        let closing: Int32 = 0
        for number in Int32(streams.count + 1)...max(Int32(streams.count + 1), highestDescriptor) {
            posix_spawn_file_actions_addclose(&actions, number)
        }
        #else
        let closing = POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | closing))
        let arguments = ([path] + words).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, &attributes, arguments, variables)
        guard code == 0 else {
            throw FileError(action: "run", path: path, code: code)
        }
        return process
    }
}
