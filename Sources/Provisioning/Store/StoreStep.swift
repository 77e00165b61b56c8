// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The member of the managers' store: runs on hosts that are to have one, and is gone from the others.
struct StoreStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// Whether a member runs here, or was begun.
    private static func isThere(_ facts: HostFacts) -> Bool { facts.files.undo.contains("store etcd") }

    /// What will be done; `nil` when nothing is to be said before.
    func plan(_ facts: HostFacts) -> String? {
        switch (request.store == nil, Self.isThere(facts)) {
        case (false, false): "run a member of the managers' store"
        case (true, true): "remove the member of the managers' store"
        default: nil
        }
    }

    /// Does it; a member that runs as it should is left alone.
    ///
    /// - Returns: what was changed, a line each.
    func apply(_ facts: HostFacts) async throws -> [String] {
        guard let store = request.store else {
            guard Self.isThere(facts) else {
                shell.progress(.store, .skipped("no store is wanted here"))
                return []
            }
            shell.progress(.store, .started)
            let undone = try await shell.run("store/remove.sh", [:], step: .store).all("undone")
            shell.progress(.store, .changed(undone))
            return undone
        }
        shell.progress(.store, .started)
        let member = store.member
        let isSix = member.address.contains(":")
        let changes = try await shell.run(
            "store/etcd.sh",
            [
                "name": member.name,
                "address": isSix ? "[\(member.address)]" : member.address,
                "any": isSix ? "[::]" : "0.0.0.0",
                "clientPort": "\(StoreSpec.ports[0])",
                "peerPort": "\(StoreSpec.ports[1])",
                "members": store.initial.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ","),
                "joining": store.joins ? "existing" : "new",
                "token": store.token,
            ],
            step: .store
        ).all("changed")
        shell.progress(.store, changes.isEmpty ? .unchanged : .changed(changes))
        return changes
    }
}
