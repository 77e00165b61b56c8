// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Foundation
import SwarmCore
import Testing

/// A real server of a store, as `Scripts/testbed/store.sh` runs it.
struct StoreServer: Sendable, CustomTestStringConvertible {
    let kind: KeyValueURL.Kind
    var name = "it"
    var hasTLS = false
    var hasAuthentication = false

    static let plain = KeyValueURL.Kind.allCases.map { StoreServer(kind: $0) }
    static let secured = KeyValueURL.Kind.allCases.map {
        StoreServer(kind: $0, name: "it-secured", hasTLS: true, hasAuthentication: true)
    }

    var testDescription: String { kind.rawValue }

    /// Starts it, or finds it running; its `HOST:PORT`.
    func start() async throws -> String {
        var options: [String] = []
        if hasTLS { options.append("--tls") }
        if hasAuthentication { options.append("--auth") }
        return try await script("start", options)
    }

    func stop(isKilled: Bool = false) async throws {
        _ = try await script("stop", isKilled ? ["--kill"] : [])
    }

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

    /// Starts it and makes a store for a cluster in it.
    ///
    /// - Parameters:
    ///   - cluster: the prefix below `it/`; a new one when left out.
    ///   - servers: instead of the server's address; `@` stands for it.
    ///   - changes: to the options that work.
    /// - Returns: a store that has not connected yet.
    /// - Throws: when the server does not start.
    func store(
        _ cluster: String = Self.newCluster(),
        servers: String = "@",
        changes: [String: String?] = [:]
    ) async throws -> any DiscoveryStore & LeaderElection {
        let address = try await start()
        let text = "\(kind.rawValue)://\(servers.replacingOccurrences(of: "@", with: address))/it/\(cluster)"
        guard case .keyValue(let url) = try DiscoveryURL(parsing: text) else {
            throw DiscoveryError.malformedURL(text, detail: "no store")
        }
        var options = try await workingOptions()
        for (name, value) in changes { options[name] = value }
        return try url.store(options: DiscoveryOptions(options.map { "\($0.key)=\($0.value)" }))
    }

    static func newCluster() -> String { String(UUID().uuidString.prefix(8)).lowercased() }

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
            }
        }
        return options
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
