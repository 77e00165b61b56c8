// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import SwarmCore

/// Looks at the store itself.
struct StoreChecks {
    let store: MachineStore

    /// Whether every record can be read, and nobody else can read the keys.
    func verdicts() -> [Verdict] {
        guard AtomicFile.isFolder(store.root) else {
            return [.ok("store", "folder", "\(store.root) is not there yet")]
        }
        var verdicts: [Verdict] = []
        for name in store.clusterNames() {
            verdicts += verdict(name) { _ = try store.cluster(name) }
            verdicts += openKeys(of: name)
        }
        for name in store.machineNames() {
            verdicts += verdict(name) { _ = try store.machine(name) }
        }
        let count = store.userClusterNames().count
        let summary = "\(store.root): \(count) clusters, \(store.machineNames().count) machines"
        return verdicts.isEmpty ? [.ok("store", "records", summary)] : verdicts
    }

    private func verdict(_ name: String, _ read: () throws -> Void) -> [Verdict] {
        do {
            try read()
            return []
        } catch {
            return [.failed("store", name, error)]
        }
    }

    private func openKeys(of cluster: String) -> [Verdict] {
        let pki = store.pkiFolder(of: cluster)
        let keys = ["\(pki)/ca-key.pem", "\(pki)/key.pem", store.sshKey(of: cluster)]
        return keys.compactMap { path in
            let mode = (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]) as? Int
            guard let mode, mode & 0o077 != 0 else {
                return nil
            }
            return .failed(
                "store",
                cluster,
                "others can read the private key \"\(path)\"",
                hint: "close it with `chmod 600 \(path)`",
                kind: .denied
            )
        }
    }
}
