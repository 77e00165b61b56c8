// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
package import Logging
internal import SwarmCore
internal import Synchronization

/// The members that this manager keeps itself, on disk: the server side of `swarm://` and `token://`.
///
/// The file is written before a registration is answered, and only when the list changes: agents
/// that are still there cost no write. What arrives while it is written goes into the next writing
/// together, so that a thousand agents that register at once do not wait for a thousand writings.
package final class EmbeddedMembers: Sendable {
    /// The members that came or went; `nil` when nothing changed that is on disk.
    private typealias Outcome = [MemberKey]?

    private struct Change: Sendable {
        let apply: @Sendable (inout MembershipTable) throws -> Outcome
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct MemberKey: Hashable {
        let cluster: String
        let address: String
    }

    private enum Waiter {
        case list(CheckedContinuation<Void, Never>)
        case member(MemberKey, CheckedContinuation<Void, Never>)

        func resume() {
            switch self {
            case .list(let continuation), .member(_, let continuation): continuation.resume()
            }
        }
    }

    private struct State {
        var table: MembershipTable
        var changes: [Change] = []
        var isWriting = false
        /// What changed the file last; waiters compare it.
        var revision: UInt64 = 1
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let path: String
    private let ownCluster: String?
    private let state: Mutex<State>

    /// Opens the members kept in `folder`, which must exist and be ours alone.
    ///
    /// - Parameters:
    ///   - folder: for the file `members.json`.
    ///   - ownCluster: is known as a token though it was not made here.
    /// - Throws: ``FileError``, or ``DiscoveryError/stateUnreadable(path:detail:)``.
    package init(folder: String, ownCluster: String? = nil) throws {
        path = folder + "/members.json"
        self.ownCluster = ownCluster
        var table = MembershipTable()
        if AtomicFile.exists(path) {
            let text = try AtomicFile.read(path)
            guard let json = try? JSON(parsing: text), let stored = MembershipTable(json, now: ContinuousClock.now)
            else {
                throw DiscoveryError.stateUnreadable(path: path, detail: "it is not what swarmd wrote")
            }
            table = stored
        } else {
            // Fails now, rather than at the first registration, when the folder cannot be written.
            try AtomicFile.write(Array(table.json.bytes), to: path)
        }
        state = Mutex(State(table: table))
    }

    /// The members of a cluster, sorted, and the revision of the list.
    package func members(of cluster: String) -> (addresses: [String], revision: UInt64) {
        state.withLock { ($0.table.members(of: cluster), $0.revision) }
    }

    package func contains(_ address: String, in cluster: String) -> Bool {
        state.withLock { $0.table.contains(address, in: cluster) }
    }

    /// Whether a token was made here and not forgotten since, or is the manager's own.
    func isKnown(token: String) -> Bool {
        token == ownCluster || state.withLock { $0.table.tokens[token] != nil }
    }

    // MARK: Changes

    /// Adds a member or keeps it for another `ttl`; it is on disk when this returns.
    ///
    /// - Throws: ``FileError``, or ``DiscoveryError/storeIsFull``.
    package func register(_ address: String, in cluster: String, ttl: Duration) async throws {
        try await change { table in
            guard let isNew = table.register(address, in: cluster, ttl: ttl, now: ContinuousClock.now) else {
                throw DiscoveryError.storeIsFull
            }
            return isNew ? [MemberKey(cluster: cluster, address: address)] : nil
        }
    }

    /// Removes a member.
    ///
    /// - Throws: ``FileError``.
    package func deregister(_ address: String, in cluster: String) async throws {
        try await change { table in
            table.deregister(address, in: cluster) ? [MemberKey(cluster: cluster, address: address)] : nil
        }
    }

    /// Makes a token known; it is on disk when this returns.
    ///
    /// - Throws: ``FileError``, or ``DiscoveryError/storeIsFull``.
    func add(token: String) async throws {
        try await change { table in
            guard table.addToken(token, now: ContinuousClock.now) else {
                throw DiscoveryError.storeIsFull
            }
            return []
        }
    }

    /// Removes members and tokens that were not heard of in time, until the task is cancelled.
    ///
    /// While the file cannot be written, on a full disk say, they stay.
    package func expireForever(logger: Logger) async {
        while true {
            do {
                try await ContinuousClock().sleep(for: .seconds(1))
                try await change { table in
                    let gone = table.expire(now: ContinuousClock.now)
                    let isTokenGone = table.dropIdleTokens(now: ContinuousClock.now)
                    return gone.isEmpty && !isTokenGone
                        ? nil : gone.map { MemberKey(cluster: $0.cluster, address: $0.address) }
                }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("cannot keep members", metadata: ["reason": "\(ErrorReport(error).message)"])
            }
        }
    }

    private func change(_ apply: @escaping @Sendable (inout MembershipTable) throws -> Outcome) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let begins = state.withLock { state in
                state.changes.append(Change(apply: apply, continuation: continuation))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if begins {
                // Ends when no change waits any more.
                Task { self.makeChanges() }
            }
        }
    }

    private func makeChanges() {
        while true {
            let (changes, table) = state.withLock { state in
                defer { state.changes = [] }
                state.isWriting = !state.changes.isEmpty
                return (state.changes, state.table)
            }
            guard !changes.isEmpty else {
                return
            }
            make(changes, on: table)
        }
    }

    /// Makes changes with one writing; when that fails, only those that need none.
    private func make(_ changes: [Change], on old: MembershipTable) {
        var table = old
        var results = changes.map { change in Result { try change.apply(&table) } }
        let members = results.compactMap { try? $0.get() }
        do {
            if !members.isEmpty {
                try AtomicFile.write(Array(table.json.bytes), to: path)
            }
            publish(table, changed: members.isEmpty ? nil : Set(members.joined()))
        } catch {
            results = results.map { result in result.flatMap { $0 == nil ? .success(nil) : .failure(error) } }
            publish(unwritten(changes, on: old), changed: nil)
        }
        for (change, result) in zip(changes, results) {
            change.continuation.resume(with: result.map { _ in })
        }
    }

    /// The table after those changes that are not on disk anyway: members were heard of.
    private func unwritten(_ changes: [Change], on old: MembershipTable) -> MembershipTable {
        changes.reduce(old) { table, change in
            var changed = table
            let outcome = try? change.apply(&changed)
            return outcome == nil ? changed : table
        }
    }

    /// Shows the table to everybody, and wakes those who wait for one of these members.
    private func publish(_ table: MembershipTable, changed members: Set<MemberKey>?) {
        let woken = state.withLock { state -> [Waiter] in
            state.table = table
            guard let members else {
                return []
            }
            state.revision += 1
            let woken = state.waiters.filter { _, waiter in
                guard case .member(let key, _) = waiter else {
                    return true
                }
                return members.contains(key)
            }
            for key in woken.keys {
                state.waiters[key] = nil
            }
            return Array(woken.values)
        }
        for waiter in woken {
            waiter.resume()
        }
    }

    // MARK: Waiting

    /// Waits until the list is not at `revision` any more; at most `duration`.
    package func waitForChange(from revision: UInt64, atMost duration: Duration) async {
        await wait(atMost: duration) { state, continuation in
            state.revision == revision ? .list(continuation) : nil
        }
    }

    /// Waits while `address` is a member, at most `duration`; whether it is one then.
    func isMember(_ address: String, in cluster: String, atMost duration: Duration) async -> Bool {
        let end = ContinuousClock.now + duration
        let key = MemberKey(cluster: cluster, address: address)
        while contains(address, in: cluster), end > ContinuousClock.now, !Task.isCancelled {
            await wait(atMost: end - ContinuousClock.now) { state, continuation in
                state.table.contains(address, in: cluster) ? .member(key, continuation) : nil
            }
        }
        return contains(address, in: cluster)
    }

    private func wait(
        atMost duration: Duration,
        until waiter: @escaping @Sendable (State, CheckedContinuation<Void, Never>) -> Waiter?
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(waiter) }
            group.addTask { try? await ContinuousClock().sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(_ waiter: @Sendable (State, CheckedContinuation<Void, Never>) -> Waiter?) async {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard !Task.isCancelled, let waiter = waiter(state, continuation) else {
                        return true
                    }
                    state.waiters[key] = waiter
                    return false
                }
                if isDone {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
        }
    }
}
