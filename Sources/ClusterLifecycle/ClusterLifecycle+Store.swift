// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import Provisioning
internal import SecureShell
internal import SwarmCore

/// The store that several managers run themselves: etcd, one member a manager.
extension ClusterLifecycle {
    /// How long a new member may take to start.
    private static let startTime = Duration.seconds(90)

    /// Makes the hosts ready, so that the store answers before the programs that need it are run.
    ///
    /// A store that begins starts on all managers at once, since one member alone does not answer. One that is there is
    /// told of each new member before that starts, one after the other, and of those that are no more.
    ///
    /// - Throws: the error of the only machine that failed, else ``PartialFailure``.
    func prepareStore(_ work: NodeProvisioning) async throws {
        let members = work.storeMembers
        let membership = StoreMembership(servers: members, identity: context.identity(of: work.cluster.name))
        var preparation = work
        preparation.isPreparation = true
        let name = work.cluster.name
        if work.cluster.hasStore != true {
            try await prepare(work.members, preparation)
            _ = try await self.members(membership)
            try store.updateCluster(name) { $0.hasStore = true }
            return
        }
        let known: [StoreMembership.Entry]
        do {
            known = try await membership.list()
        } catch {
            // Its servers may have been stopped: those of managers that were whole before are started again.
            let old = work.members.filter { $0.role == .manager && $0.phase == .registered }
            preparation.joining = Set(old.map(\.name))
            try await prepare(old, preparation)
            known = try await self.members(membership)
        }
        for entry in known where !members.contains(where: { entry.isAt($0) }) {
            try await membership.remove(entry)
        }
        let fresh = members.filter { member in !known.contains { $0.isAt(member) && $0.isStarted } }
        preparation.joining = Set(members.map(\.name)).subtracting(fresh.map(\.name))
        let names = Set(fresh.map(\.name))
        try await prepare(work.members.filter { !names.contains($0.name) }, preparation)
        for member in fresh {
            if !known.contains(where: { $0.isAt(member) }) {
                try await membership.add(member)
            }
            try await prepare(work.members.filter { $0.name == member.name }, preparation)
            try await waitUntilStarted(member, membership)
            preparation.joining.insert(member.name)
        }
    }

    private func prepare(_ machines: [MachineRecord], _ work: NodeProvisioning) async throws {
        let results = await concurrently(machines, limit: context.parallel) { try await work.provision($0) }
        try Task.checkCancellation()
        try throwIfAny(results.compactMap(\.userFacingFailure), of: machines.count)
    }

    /// The members, as soon as one of them answers.
    private func members(_ membership: StoreMembership) async throws -> [StoreMembership.Entry] {
        let deadline = Deadline.after(Self.startTime)
        while true {
            do {
                return try await membership.list()
            } catch {
                guard !deadline.hasPassed, !Task.isCancelled else {
                    throw error
                }
                // A server that elects its leader tells nobody when it is done.
                try await ContinuousClock().sleep(for: .milliseconds(300))
            }
        }
    }

    private func waitUntilStarted(_ member: StoreSpec.Member, _ membership: StoreMembership) async throws {
        try await withDeadline(
            .after(Self.startTime),
            operation: "waiting for the store's member on \"\(member.name)\""
        ) {
            // A member that starts tells nobody but the store.
            while try await !membership.list().contains(where: { $0.isAt(member) && $0.isStarted }) {
                try await ContinuousClock().sleep(for: .milliseconds(300))
            }
        }
    }

    /// Takes a manager that goes out of the store of those that stay.
    ///
    /// - Throws: why the store was not told.
    func leaveStore(_ record: MachineRecord) async throws {
        let cluster = try store.cluster(record.cluster)
        guard cluster.spec.hasOwnStore, record.role == .manager, let member = record.storeMember else {
            return
        }
        let others = try store.machines(of: record.cluster).filter { $0.role == .manager && $0.name != record.name }
        let servers = others.compactMap(\.storeMember)
        guard !servers.isEmpty else {
            return
        }
        let membership = StoreMembership(servers: servers, identity: context.identity(of: record.cluster))
        if let entry = try await membership.list().first(where: { $0.isAt(member) }) {
            try await membership.remove(entry)
        }
    }
}
