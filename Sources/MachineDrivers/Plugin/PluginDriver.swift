// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import GoRPC
package import Machines
package import SecureShell
internal import SwarmCore
internal import Synchronization

/// A driver of others: any `docker-machine-driver-NAME` in `PATH`, spoken to over its own protocol.
///
/// A plug-in makes its machine in one call that cannot be resumed, so its configuration, in which the
/// provider's ids are, is asked for and saved every second while that call lasts. A create that was cut
/// off is undone by the plug-in with what was saved, and begun again.
package struct PluginDriver: MachineDriver {
    package static let prefix = "docker-machine-driver-"

    package let name: String
    package let summary: String
    package let makesHosts = true
    private let path: String
    private let folder: String
    private let environment: [String: String]
    private let intercept: PluginCallInterceptor?
    private let flags = FlagCache()

    /// - Parameters:
    ///   - name: the word after `--driver`.
    ///   - path: of the plug-in.
    ///   - folder: of the store, absolute; the plug-in writes below `machines/NAME` in it.
    ///   - environment: of the process; the plug-in gets it whole.
    ///   - intercept: gets between calls and plug-ins, for tests.
    package init(
        name: String,
        path: String,
        folder: String,
        environment: [String: String],
        intercept: PluginCallInterceptor? = nil
    ) {
        self.intercept = intercept
        self.name = name
        self.path = path
        self.folder = folder
        self.environment = environment
        summary = "the docker-machine plug-in \(path)"
    }

    /// The plug-in's flags.
    ///
    /// Asked for once, which starts it. None when it does not answer: ``preCreate(_:)`` says why.
    package var options: [DriverOption] { flags.all(askedBy: askFlags).map(\.option) }

    private func askFlags() -> [PluginFlag] {
        guard let plugin = try? PluginProcess(path: path, driver: name, environment: environment),
            let reply = try? plugin.callAndWait("GetCreateFlags")
        else {
            return []
        }
        return reply.elements.compactMap(PluginFlag.init)
    }

    // MARK: Making

    package func preCreate(_ request: MachineRequest) async throws {
        let store = configuration(request.options)
        try await talk(to: request.name, store) { plugin in
            try await set(store.fresh(machine: request.name), in: plugin)
            try await setFlags(request.options, in: plugin)
            do {
                try await plugin.call("PreCreateCheck", deadline: .after(.seconds(300)))
            } catch let error as GoRPCError {
                guard case .remote(_, let text) = error else {
                    throw error
                }
                throw MachineError.preCreate(machine: request.name, problem: store.redacted(text), advice: "")
            }
        }
    }

    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        let store = configuration(request.options)
        return try await talk(to: request.name, store) { plugin in
            if let earlier = state["config"].flatMap(store.loaded) {
                try await set(earlier, in: plugin)
                if state["created"] == "true" {
                    try await startIfStopped(plugin)
                    return try await describe(plugin, store, isCreated: true, save)
                }
                // What a call that was cut off has left is known to the plug-in alone.
                _ = try? await plugin.call("Remove", deadline: Self.long)
            }
            try await set(store.fresh(machine: request.name), in: plugin)
            try await setFlags(request.options, in: plugin)
            _ = try await describe(plugin, store, isCreated: false, save)
            try await make(plugin, store, save)
            return try await describe(plugin, store, isCreated: true, save)
        }
    }

    /// Calls `Create`, and saves what the plug-in knows whenever that has changed meanwhile, and after a failure.
    private func make(
        _ plugin: PluginProcess,
        _ store: PluginConfiguration,
        _ save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws {
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await plugin.call("Create", deadline: Self.long)
                    return true
                }
                group.addTask {
                    var last = ""
                    while true {
                        try await ContinuousClock().sleep(for: .seconds(1))
                        let config = try? await plugin.call("GetConfigRaw", deadline: .after(.seconds(30))).bytes
                        if let text = config.flatMap({ $0 }).flatMap(store.stored), text != last {
                            last = text
                            try save(["config": text])
                        }
                    }
                }
                defer { group.cancelAll() }
                _ = try await group.next()
            }
        } catch {
            if let bytes = try? await plugin.call("GetConfigRaw", deadline: .after(.seconds(5))).bytes,
                let text = store.stored(bytes)
            {
                try save(["config": text])
            }
            throw error
        }
    }

    /// Asks for all that is kept, and saves it.
    private func describe(
        _ plugin: PluginProcess,
        _ store: PluginConfiguration,
        isCreated: Bool,
        _ save: @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        let bytes = try await plugin.call("GetConfigRaw", deadline: Self.short).bytes
        guard let text = bytes.flatMap(store.stored) else {
            throw GoRPCError.malformed(problem: "the plug-in's configuration is no JSON")
        }
        var state = ["config": text]
        if isCreated {
            state["created"] = "true"
            let key = try await plugin.call("GetSSHKeyPath", deadline: Self.short).string ?? ""
            // Relative to the store when it is in there.
            state["ssh-key"] = key.hasPrefix(folder + "/") ? String(key.dropFirst(folder.count + 1)) : key
            let url = try await plugin.call("GetURL", deadline: Self.short).string ?? ""
            state["engine-port"] = url.split(separator: ":").last.flatMap { UInt16($0) }.map(String.init)
        }
        try save(state)
        return state
    }

    package func remove(_ machine: DriverMachine) async throws {
        guard machine.state["config"] != nil else {
            return
        }
        try await withMachine(machine) { plugin, _ in
            guard try await state(plugin) != .notFound else {
                return
            }
            try await plugin.call("Remove", deadline: Self.long)
        }
    }

    // MARK: Power

    package func start(_ machine: DriverMachine) async throws {
        try await withMachine(machine) { plugin, _ in
            try await requireThere(machine, plugin)
            try await startIfStopped(plugin)
        }
    }

    package func stop(_ machine: DriverMachine) async throws { try await end(machine, "Stop") }
    package func kill(_ machine: DriverMachine) async throws { try await end(machine, "Kill") }

    package func restart(_ machine: DriverMachine) async throws {
        try await withMachine(machine) { plugin, _ in
            let isStopped = try await requireThere(machine, plugin) == .stopped
            try await plugin.call(isStopped ? "Start" : "Restart", deadline: Self.long)
            try await wait(for: .running, plugin)
        }
    }

    private func end(_ machine: DriverMachine, _ method: String) async throws {
        try await withMachine(machine) { plugin, _ in
            guard try await requireThere(machine, plugin) != .stopped else {
                return
            }
            try await plugin.call(method, deadline: Self.long)
            try await wait(for: .stopped, plugin)
        }
    }

    /// The state of a machine that the plug-in has to have.
    @discardableResult
    private func requireThere(_ machine: DriverMachine, _ plugin: PluginProcess) async throws -> MachineState {
        let state = try await state(plugin)
        guard state != .notFound else {
            throw problem(machine.name, "it is gone", .notFound)
        }
        return state
    }

    private func startIfStopped(_ plugin: PluginProcess) async throws {
        guard try await state(plugin) != .running else {
            return
        }
        try await plugin.call("Start", deadline: Self.long)
        try await wait(for: .running, plugin)
    }

    /// Asks until the machine is as wanted: plug-ins send no events.
    private func wait(for wanted: MachineState, _ plugin: PluginProcess) async throws {
        try await withDeadline(Self.long, operation: "waiting for the machine to be \(wanted.rawValue)") {
            while try await state(plugin) != wanted {
                try await ContinuousClock().sleep(for: .milliseconds(500))
            }
        }
    }

    // MARK: Looking

    package func state(of machine: DriverMachine) async throws -> MachineState {
        guard machine.state["config"] != nil else {
            return .notFound
        }
        return try await withMachine(machine) { plugin, _ in try await state(plugin) }
    }

    package func address(of machine: DriverMachine) async throws -> String {
        try await withMachine(machine) { plugin, _ in
            try await plugin.call("GetIP", deadline: Self.short).string ?? ""
        }
    }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? {
        try await withMachine(machine) { plugin, _ in
            let host = try await plugin.call("GetSSHHostname", deadline: Self.short).string ?? ""
            let text = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
            guard var address = SSHAddress(parsing: text) else {
                throw MachineError.badAddress(text: host)
            }
            address.user = try await plugin.call("GetSSHUsername", deadline: Self.short).string
            address.port = try await plugin.call("GetSSHPort", deadline: Self.short).integer.flatMap(UInt16.init)
            return address
        }
    }

    /// Plug-ins tag nothing.
    package func tagged(options: [String: String]) async throws -> [TaggedResource] { [] }

    private static let states: [Int: MachineState] = [
        1: .running, 2: .paused, 3: .stopped, 4: .stopped, 5: .stopping, 6: .starting, 7: .error, 9: .notFound,
    ]

    private func state(_ plugin: PluginProcess) async throws -> MachineState {
        do {
            let number = try await plugin.call("GetState", deadline: Self.short).integer
            return number.flatMap { Self.states[$0] } ?? .unknown
        } catch let error as GoRPCError {
            // The protocol has no other word for it.
            guard case .remote(_, let text) = error,
                ["not found", "does not exist", "404"].contains(where: text.lowercased().contains)
            else {
                throw error
            }
            return .notFound
        }
    }

    // MARK: Talking

    /// For calls in which the provider works.
    private static var long: Deadline { .after(.seconds(1200)) }
    private static var short: Deadline { .after(.seconds(60)) }

    private func configuration(_ values: [String: String]) -> PluginConfiguration {
        // By name: what is secret must not depend on whether the plug-in told of its flags.
        PluginConfiguration(folder: folder, secrets: values.filter { PluginFlag.isSecret($0.key) })
    }

    private func withMachine<Value: Sendable>(
        _ machine: DriverMachine,
        _ body: @Sendable (PluginProcess, PluginConfiguration) async throws -> Value
    ) async throws -> Value {
        let store = configuration(machine.options)
        guard let config = machine.state["config"].flatMap(store.loaded) else {
            throw problem(machine.name, "it does not exist", .notFound)
        }
        return try await talk(to: machine.name, store) { plugin in
            try await set(config, in: plugin)
            return try await body(plugin, store)
        }
    }

    /// Starts the plug-in for the time of `body`, and says in our words what went wrong.
    private func talk<Value: Sendable>(
        to machine: String,
        _ store: PluginConfiguration,
        _ body: @Sendable (PluginProcess) async throws -> Value
    ) async throws -> Value {
        do {
            let plugin = try await runBlocking { [path, name, environment, intercept] in
                try PluginProcess(path: path, driver: name, environment: environment, intercept: intercept)
            }
            do {
                let version = try await plugin.call("GetVersion", deadline: Self.short).integer
                guard version == 1 else {
                    throw GoRPCError.malformed(problem: "it speaks version \(version ?? 0) of the protocol, and not 1")
                }
                let value = try await body(plugin)
                await plugin.close()
                return value
            } catch {
                await plugin.close()
                throw error
            }
        } catch let error as GoRPCError {
            throw problem(machine, store.redacted(error.message), error.kind)
        } catch let error as DeadlineExceeded {
            throw problem(machine, error.message, error.kind)
        }
    }

    private func problem(_ machine: String, _ text: String, _ kind: ErrorKind) -> MachineError {
        .provider(driver: name, machine: machine, problem: text, kind: kind, isTransient: kind == .unreachable)
    }

    private func set(_ config: [UInt8], in plugin: PluginProcess) async throws {
        try await plugin.call("SetConfigRaw", GobDynamic(type: .bytes, value: .bytes(config)), deadline: Self.short)
    }

    private func setFlags(_ values: [String: String], in plugin: PluginProcess) async throws {
        let known = try await plugin.call("GetCreateFlags", deadline: Self.short).elements.compactMap(PluginFlag.init)
        let arguments = PluginFlag.arguments(known, values: values)
        try await plugin.call("SetConfigFromFlags", arguments, deadline: Self.long)
    }
}

/// The flags of a plug-in, asked for once.
private final class FlagCache: Sendable {
    private let flags = Mutex<[PluginFlag]?>(nil)

    func all(askedBy ask: () -> [PluginFlag]) -> [PluginFlag] {
        if let known = flags.withLock({ $0 }) {
            return known
        }
        let answer = ask()
        // An answer that failed is asked for again.
        flags.withLock { $0 = answer.isEmpty ? nil : answer }
        return answer
    }
}
