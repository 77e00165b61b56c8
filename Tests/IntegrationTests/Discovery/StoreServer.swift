// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Foundation
import SwarmCore
import Testing

/// A real server of a store, as `Scripts/testbed/store.sh` runs it.
struct StoreServer: Sendable, CustomTestStringConvertible {
    enum Kind: String, CaseIterable {
        case etcd
        case consul
        case zooKeeper = "zk"
        /// Our own manager, by its own protocol and by that of the hosted discovery.
        case swarm
        case token

        /// Whether it is a store of keys, which can elect a leader.
        var canElect: Bool { self != .swarm && self != .token }
    }

    let kind: Kind
    var name = "it"
    var hasTLS = false
    var hasAuthentication = false

    /// Those that can elect a leader.
    static let plain = Kind.allCases.filter(\.canElect).map { StoreServer(kind: $0) }
    /// All that nodes can register with.
    static let all = Kind.allCases.map { StoreServer(kind: $0) }
    static let secured = all.map {
        StoreServer(kind: $0.kind, name: "it-secured", hasTLS: true, hasAuthentication: $0.kind.canElect)
    }

    var testDescription: String { kind.rawValue }

    /// A member that may be registered with the certificate of ``workingOptions()``.
    var ownMember: String { "127.0.0.1:2376" }

    // MARK: The server

    /// Starts it, or finds it running; its `HOST:PORT`.
    func start() async throws -> String {
        var options: [String] = []
        if hasTLS { options.append("--tls") }
        if hasAuthentication { options.append("--auth") }
        return try await script("start", options)
    }

    /// Ends it, by SIGKILL if `isKilled`, and removes its data if `isWiped`.
    func stop(isKilled: Bool = false, isWiped: Bool = false) async throws {
        _ = try await script("stop", (isKilled ? ["--kill"] : []) + (isWiped ? ["--wipe"] : []))
    }

    /// Replaces all certificates by those of a new authority.
    func renewCertificates() async throws { _ = try await script("renew") }

    func compact() async throws { _ = try await script("compact") }

    func folder() async throws -> String { try await script("folder") }

    private func script(_ verb: String, _ options: [String] = []) async throws -> String {
        let arguments = [verb, kind.rawValue, name] + options
        // A program is waited for though the test was cancelled: this task ends with it.
        let result = try await Task {
            try await run(Testbed.checkout + "/Scripts/testbed/store.sh", arguments, timeout: .seconds(90))
        }.value
        try #require(result.status == 0, "\(result)")
        return result.line
    }

    // MARK: Stores

    /// Starts it and makes a store for a cluster in it.
    ///
    /// - Parameters:
    ///   - cluster: the prefix below `it/`; a new one when left out.
    ///   - servers: instead of the server's address; `@` stands for it.
    ///   - changes: to the options that work.
    /// - Returns: a store that has not connected yet.
    /// - Throws: when the server does not start, or is none that elects.
    func store(
        _ cluster: String = Self.newCluster(),
        servers: String = "@",
        changes: [String: String?] = [:]
    ) async throws -> any DiscoveryStore & LeaderElection & DocumentStore {
        let text = try await url(of: cluster, servers: servers)
        guard case .keyValue(let url) = try DiscoveryURL(parsing: text) else {
            throw DiscoveryError.malformedURL(text, detail: "no store of keys")
        }
        return try url.store(options: await options(changes))
    }

    /// As ``store(_:servers:changes:)``, for every kind.
    func members(
        _ cluster: String = Self.newCluster(),
        servers: String = "@",
        changes: [String: String?] = [:]
    ) async throws -> any DiscoveryStore {
        let url = try DiscoveryURL(parsing: try await url(of: cluster, servers: servers))
        return try url.store(options: await options(changes))
    }

    /// The URL of a cluster, as given to swarmd; starts the server.
    func url(of cluster: String, servers: String = "@") async throws -> String {
        let address = try await start()
        let servers = servers.replacingOccurrences(of: "@", with: address)
        switch kind {
        case .etcd, .consul, .zooKeeper: return "\(kind.rawValue)://\(servers)/it/\(cluster)"
        case .swarm: return "swarm://\(servers)/\(cluster)"
        case .token: return "token://\(try await Self.tokens.token(of: cluster, at: address, options()))@\(servers)"
        }
    }

    static func newCluster() -> String { String(UUID().uuidString.prefix(8)).lowercased() }

    func options(_ changes: [String: String?] = [:]) async throws -> DiscoveryOptions {
        var options = try await workingOptions()
        for (name, value) in changes { options[name] = value }
        return try DiscoveryOptions(options.map { "\($0.key)=\($0.value)" })
    }

    func workingOptions() async throws -> [String: String] {
        var options: [String: String] = [:]
        let folder = try await folder()
        if hasTLS {
            options["kv.cacertfile"] = folder + "/ca.pem"
            options["kv.certfile"] = folder + "/client.pem"
            options["kv.keyfile"] = folder + "/client-key.pem"
        }
        if hasAuthentication {
            switch kind {
            case .consul: options["kv.token"] = "5e1f0d50-0000-4000-8000-000000000001"
            case .etcd, .zooKeeper:
                options["kv.username"] = "swarm"
                options["kv.password"] = "swarm-secret"
            case .swarm, .token: break
            }
        }
        return options
    }

    /// The tokens that stand for the clusters of the tests.
    private actor Tokens {
        private var known: [String: String] = [:]

        func token(of cluster: String, at address: String, _ options: DiscoveryOptions) async throws -> String {
            if let token = known[cluster] { return token }
            let managers = try DiscoveryURL.managers(parsing: address)
            let token = try await TokenStore.create(at: managers, options: options)
            // Another may have asked meanwhile: the first one's counts.
            let first = known[cluster] ?? token
            known[cluster] = first
            return first
        }
    }

    private static let tokens = Tokens()

    // MARK: Times

    /// Runs a case on the running server, and notes how long it took for the table of stores and cases.
    func timed<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        _ = try await start()
        let begin = ContinuousClock.now
        let value = try await body()
        note(name, ContinuousClock.now - begin)
        return value
    }

    /// Notes a time for the table of `Scripts/integration.sh`.
    func note(_ name: String, _ time: Duration) { Self.note(name, kind.rawValue, time) }

    /// As ``note(_:_:)``, for a store that has no server.
    static func note(_ name: String, _ store: String, _ time: Duration) {
        guard let path = ProcessInfo.processInfo.environment["SWARMCTL_TEST_TIMES"] else { return }
        let line = "\(name)\t\(store)\t\(String(format: "%.2f", time / .seconds(1)))\n"
        let number = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
        guard number >= 0 else { return }
        let file = FileHandle(fileDescriptor: number, closeOnDealloc: true)
        try? file.write(contentsOf: Data(line.utf8))
    }
}

/// Runs `body` for all servers at the same time: for what takes its time whatever the machine does.
func atOnce(_ servers: [StoreServer], _ body: @escaping @Sendable (StoreServer) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for server in servers {
            group.addTask { try await body(server) }
        }
        try await group.waitForAll()
    }
}

/// What a watch has told, for a test to wait on.
actor Observed<Value: Sendable> {
    private(set) var values: [Value] = []
    private var waiters: [(until: @Sendable (Value) -> Bool, continuation: AsyncStream<Void>.Continuation)] = []

    func add(_ value: Value) {
        values.append(value)
        for waiter in waiters where waiter.until(value) { waiter.continuation.finish() }
    }

    /// Waits until the last value satisfies `condition`.
    func wait(_ timeout: Duration = .seconds(30), for what: String, _ condition: @escaping @Sendable (Value) -> Bool)
        async throws
    {
        if let last = values.last, condition(last) { return }
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        waiters.append((condition, continuation))
        try await withDeadline(.after(timeout), operation: "waiting until \(what)") {
            for await _ in stream {}
            try Task.checkCancellation()
        }
    }
}

/// Runs `body` while `work` runs beside it.
func withBackground<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Void,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            do {
                try await work()
            } catch is CancellationError {
                return nil
            }
            return nil
        }
        group.addTask { try await body() }
        defer { group.cancelAll() }
        while let next = try await group.next() {
            if let next { return next }
        }
        throw CancellationError()
    }
}
