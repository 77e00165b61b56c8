// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import GoRPC
internal import SwarmCore
internal import Synchronization

/// Is told of each call to a plug-in, and makes it, or throws instead.
package typealias PluginCallInterceptor =
    @Sendable (_ method: String, _ call: @Sendable () async throws -> Void) async throws -> Void

/// A driver plug-in of docker-machine that runs, and the connection to it.
///
/// A plug-in prints the port of 127.0.0.1 at which it listens, ends when it hears no heartbeat for ten
/// seconds, and ends when it is told to. Its port knows no authentication: whoever has an account on this
/// host can talk to it while it lives, so it lives for one operation only.
final class PluginProcess: Sendable {
    /// How long a plug-in may take to listen.
    private static let patience = DispatchTimeInterval.seconds(15)
    private static let service = "RPCServerDriver"

    private let process: Process
    private let client: RPCClient
    private let intercept: PluginCallInterceptor?
    private let heart: Task<Void, Never>

    /// Starts the plug-in and shakes hands; blocks until that is done.
    ///
    /// - Parameters:
    ///   - path: the executable.
    ///   - driver: its name without `docker-machine-driver-`.
    ///   - environment: the whole environment of the plug-in; credentials are read from it.
    ///   - intercept: gets between the calls and the plug-in.
    /// - Throws: ``GoRPCError/connection(problem:)``.
    init(
        path: String,
        driver: String,
        environment: [String: String],
        intercept: PluginCallInterceptor? = nil
    ) throws {
        self.intercept = intercept
        process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.environment = environment.merging(
            ["MACHINE_PLUGIN_TOKEN": "42", "MACHINE_PLUGIN_DRIVER_NAME": driver]
        ) { $1 }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw GoRPCError.connection(problem: "\"\(path)\" cannot be started")
        }
        do {
            let client = try RPCClient(port: try Self.port(from: output.fileHandleForReading, path: path))
            self.client = client
            heart = Self.heart(of: client)
        } catch {
            process.terminate()
            throw error
        }
    }

    deinit {
        heart.cancel()
        client.close()
        if process.isRunning {
            process.terminate()
        }
    }

    /// Tells the plug-in to end, and ends it when it does not.
    func close() async {
        heart.cancel()
        _ = try? await call("Close", deadline: .after(.seconds(3)))
        client.close()
        let process = process
        _ = try? await runBlocking {
            let end = Date().addingTimeInterval(3)
            while process.isRunning, Date() < end {
                Thread.sleep(forTimeInterval: 0.02)
            }
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
            }
            process.waitUntilExit()
        }
    }

    /// Calls a method of the driver.
    ///
    /// - Throws: ``GoRPCError``, `DeadlineExceeded`, `CancellationError`.
    @discardableResult
    func call(_ method: String, _ argument: GobDynamic = .nothing, deadline: Deadline) async throws -> GobValue {
        guard let intercept else {
            return try await client.call("\(Self.service).\(method)", argument, deadline: deadline).value
        }
        let reply = Mutex<GobValue>(.empty)
        try await intercept(method) {
            let value = try await self.client.call("\(Self.service).\(method)", argument, deadline: deadline).value
            reply.withLock { $0 = value }
        }
        return reply.withLock { $0 }
    }

    /// As ``call(_:_:deadline:)``, blocking.
    func callAndWait(_ method: String) throws -> GobValue {
        let done = DispatchSemaphore(value: 0)
        let box = ReplyBox()
        client.begin("\(Self.service).\(method)", .nothing) { result in
            box.reply.withLock { $0 = result }
            done.signal()
        }
        guard done.wait(timeout: .now() + Self.patience) == .success, let result = box.reply.withLock({ $0 }) else {
            throw GoRPCError.connection(problem: "the plug-in does not answer")
        }
        return try result.get().value
    }

    /// The port in the plug-in's first line; the lines after it are read and dropped, or it would block.
    private static func port(from output: FileHandle, path: String) throws -> UInt16 {
        let first = FirstLine()
        DispatchQueue(label: "swarmctl.plugin.output").async {
            while case let data = output.availableData, !data.isEmpty {
                first.add(data)
            }
            first.end()
        }
        guard first.ready.wait(timeout: .now() + patience) == .success else {
            throw GoRPCError.connection(problem: "\"\(path)\" does not say where it listens")
        }
        let line = first.text
        guard line.hasPrefix("127.0.0.1:"), let port = UInt16(line.dropFirst("127.0.0.1:".count)) else {
            throw GoRPCError.connection(problem: "\"\(path)\" is no driver plug-in")
        }
        return port
    }

    /// Beats until it is cancelled, by ``close()`` or when nobody holds the process any more.
    private static func heart(of client: RPCClient) -> Task<Void, Never> {
        Task { [weak client] in
            while (try? await ContinuousClock().sleep(for: .seconds(3))) != nil {
                // A beat that is not heard shows in the next call.
                client?.begin("\(service).Heartbeat", .nothing) { _ in }
            }
        }
    }
}

extension GobDynamic {
    /// The argument of a method that takes none.
    static let nothing = GobDynamic(type: .empty, value: .empty)
}

private final class ReplyBox: Sendable {
    let reply = Mutex<Result<GobDynamic, GoRPCError>?>(nil)
}

/// What a process prints first.
private final class FirstLine: Sendable {
    let ready = DispatchSemaphore(value: 0)
    private let state = Mutex((line: "", isWhole: false))

    var text: String { state.withLock { $0.line } }

    func add(_ data: Data) {
        let isNew = state.withLock { state in
            guard !state.isWhole else {
                return false
            }
            state.line += String(decoding: data, as: UTF8.self)
            guard let end = state.line.firstIndex(of: "\n") else {
                return false
            }
            state.line = String(state.line[..<end])
            state.isWhole = true
            return true
        }
        if isNew {
            ready.signal()
        }
    }

    func end() { ready.signal() }
}
