// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
package import Logging
internal import SwarmCore
internal import Synchronization

/// The members that this manager keeps itself, on disk: the server side of `swarm://`.
///
/// The file is written before a registration is answered, and only when the list changes: agents
/// that are still there cost no write.
package final class EmbeddedMembers: Sendable {
    private struct State {
        var table: MembershipTable
        /// What changed the file last; waiters compare it.
        var revision: UInt64 = 1
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let path: String
    private let state: Mutex<State>

    /// Opens the members kept in `folder`, which must exist and be ours alone.
    ///
    /// - Throws: ``FileError``, or ``DiscoveryError/stateUnreadable(path:detail:)``.
    package init(folder: String) throws {
        path = folder + "/members.json"
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

    /// Adds a member or keeps it for another `ttl`; it is on disk when this returns.
    ///
    /// - Throws: ``FileError``, or ``DiscoveryError/storeFailed(url:reason:)`` when there is no room.
    package func register(_ address: String, in cluster: String, ttl: Duration) throws {
        try change { table in
            guard let isNew = table.register(address, in: cluster, ttl: ttl, now: ContinuousClock.now) else {
                throw DiscoveryError.storeFailed(url: "swarm", reason: "too many members")
            }
            return isNew
        }
    }

    /// Removes a member.
    ///
    /// - Throws: ``FileError``.
    package func deregister(_ address: String, in cluster: String) throws {
        try change { $0.deregister(address, in: cluster) }
    }

    /// Removes members that were not heard of in time, until the task is cancelled.
    ///
    /// While the file cannot be written, on a full disk say, the members stay.
    package func expireForever(logger: Logger) async {
        while true {
            do {
                try await ContinuousClock().sleep(for: .seconds(1))
                try change { !$0.expire(now: ContinuousClock.now).isEmpty }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("cannot keep members", metadata: ["reason": "\(ErrorReport(error).message)"])
            }
        }
    }

    /// Waits until the list is not at `revision` any more; at most `duration`.
    package func waitForChange(from revision: UInt64, atMost duration: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(from: revision) }
            group.addTask { try? await ContinuousClock().sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Changes the table and the file, or neither; wakes those who wait when `body` returns true.
    private func change(_ body: (inout MembershipTable) throws -> Bool) throws {
        let woken = try state.withLock { state -> [CheckedContinuation<Void, Never>] in
            var table = state.table
            let isChanged = try body(&table)
            if isChanged {
                try AtomicFile.write(Array(table.json.bytes), to: path)
                state.revision += 1
            }
            state.table = table
            guard isChanged else {
                return []
            }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in woken {
            waiter.resume()
        }
    }

    private func wait(from revision: UInt64) async {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard state.revision == revision, !Task.isCancelled else {
                        return true
                    }
                    state.waiters[key] = continuation
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
