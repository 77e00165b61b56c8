// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOPosix
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What keeps the benchmark from measuring.
enum BenchmarkError: UserFacingError {
    case cannotStart(program: String, reason: String)
    case notInTime(what: String, log: String)
    case requestsFailed(what: String, count: Int)

    var message: String {
        switch self {
        case .cannotStart(let program, let reason): "cannot start \"\(program)\": \(reason)"
        case .notInTime(let what, _): "\(what) did not happen in time"
        case .requestsFailed(let what, let count): "\(count) requests failed: \(what)"
        }
    }

    var hint: String? {
        switch self {
        case .cannotStart: "build it: `make swarmd`, and give its path with `--swarmd`"
        case .notInTime(_, let log): "the manager's log is \"\(log)\""
        case .requestsFailed: nil
        }
    }

    var kind: ErrorKind { .unreachable }
}

/// A manager in a process of its own, as an operator runs it.
final class ManagerProcess: Sendable {
    let process: pid_t
    let address: SocketAddress
    private let tls: TLSContexts?
    private let folder: String
    private var log: String { "\(folder)/log" }

    /// Starts a manager of the engines with these addresses.
    ///
    /// - Parameters:
    ///   - program: `swarmd`.
    ///   - engines: `HOST:PORT` of each.
    ///   - folder: for its log, its state and the list of its members.
    ///   - options: of `manage`.
    ///   - tls: for requests to it, when the options make it want TLS.
    /// - Throws: ``BenchmarkError`` when it cannot be started.
    init(program: String, engines: [String], folder: String, options: [String] = [], tls: TLSContexts? = nil)
        async throws
    {
        try AtomicFile.makeFolder(folder)
        let folder = Self.absolute(folder)
        self.folder = folder
        self.tls = tls
        try AtomicFile.write(engines.joined(separator: "\n") + "\n", to: "\(folder)/members")
        let port = try await Self.freePort()
        address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        process = try Self.spawn(
            [program, "manage", "-H", "tcp://127.0.0.1:\(port)", "--state-dir", "\(folder)/state"] + options
                + ["file://\(folder)/members"],
            log: "\(folder)/log"
        )
    }

    private static func spawn(_ arguments: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var texts: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { texts.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, arguments[0], &actions, nil, &texts, environ)
        guard code == 0 else {
            throw BenchmarkError.cannotStart(program: arguments[0], reason: String(cString: strerror(code)))
        }
        return process
    }

    private static func absolute(_ path: String) -> String {
        guard let full = realpath(path, nil) else {
            return path
        }
        defer { free(full) }
        return String(cString: full)
    }

    /// A port that nobody listens on at this moment.
    private static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    var sample: ProcessSample { ProcessSample(of: process) }

    /// Ends the process; returns when it is gone.
    func stop() {
        kill(process, SIGTERM)
        var status: Int32 = 0
        var waited = 0
        while waitpid(process, &status, WNOHANG) == 0, waited < 100 {
            usleep(50_000)
            waited += 1
        }
        if waited == 100 {
            kill(process, SIGKILL)
            waitpid(process, &status, 0)
        }
    }

    /// Whether the process has not ended by itself.
    var isRunning: Bool { waitpid(process, nil, WNOHANG) == 0 }

    /// Waits until that many nodes are healthy.
    ///
    /// - Returns: the seconds that it took, to a tenth.
    /// - Throws: ``BenchmarkError/notInTime(what:log:)`` after `limit` seconds.
    @discardableResult
    func waitHealthy(_ count: Int, within limit: Double = 120) async throws -> Double {
        let start = ContinuousClock.now
        let wanted = "swarm_nodes{status=\"Healthy\"} \(count)\n"
        while true {
            if let text = try? await HTTPGet(address: address, target: "/metrics", tls: tls).text(),
                text.contains(wanted)
            {
                return (ContinuousClock.now - start).inSeconds
            }
            guard isRunning, (ContinuousClock.now - start).inSeconds < limit else {
                throw BenchmarkError.notInTime(what: "\(count) healthy nodes", log: log)
            }
            // Asking costs the manager time that grows with the nodes: it must not be what is measured.
            try await ContinuousClock().sleep(for: .milliseconds(max(50, count / 5)))
        }
    }

    /// Changes the member list.
    func setMembers(_ engines: [String]) throws {
        try AtomicFile.write(engines.joined(separator: "\n") + "\n", to: "\(folder)/members")
    }
}
