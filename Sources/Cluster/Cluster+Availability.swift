// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import SwarmCore
internal import Synchronization

/// Where the managers of a cluster keep for each other which nodes are cordoned.
package protocol SharedAvailability: Sendable {
    /// The nodes that are not active, by address.
    func read() async throws -> [String: NodeAvailability]

    /// All managers read it so when this returns.
    func write(_ availability: NodeAvailability, of address: String) async throws
}

/// Cordoning nodes: kept over restarts and fail-overs, by address.
extension Cluster {
    private static let document = "nodes.json"
    private static let shareLimit = Duration.seconds(10)

    /// Takes over what an earlier run kept.
    func restoreAvailability() {
        guard let state = configuration.state else {
            return
        }
        do {
            for (address, word) in try state.read(Self.document)?["nodes"]?.stringMap ?? [:] {
                core.withLock { $0.setAvailability(NodeAvailability(rawValue: word) ?? .cordoned, of: address) }
            }
        } catch {
            logger.error("kept state is lost", metadata: ["reason": "\(ErrorReport(error).message)"])
        }
    }

    /// Takes over what the managers before this one decided; called before it leads.
    ///
    /// - Throws: what the shared store throws, ``FileError``.
    package func adoptAvailability() async throws {
        guard let shared = configuration.sharedAvailability else {
            return
        }
        let decided = try await shared.read()
        try availabilityWriting.withLock { _ in
            try keep(decided)
            core.withLock { core in
                for address in Set(core.availabilities.keys).union(decided.keys) {
                    core.setAvailability(decided[address] ?? .active, of: address)
                }
            }
        }
    }

    /// Sets what may be placed on a node; it is kept, and known to the next leader, when this returns.
    ///
    /// - Parameters:
    ///   - availability: from now on.
    ///   - address: of the node; one that is no member now counts when it is one.
    /// - Throws: ``LeadershipError``, ``FileError``, or what the shared store throws; then nothing has changed here.
    package func setAvailability(_ availability: NodeAvailability, of address: String) async throws {
        try leadership.check()
        if let shared = configuration.sharedAvailability {
            try await withDeadline(.after(Self.shareLimit), operation: "keeping the availability of \(address)") {
                try await shared.write(availability, of: address)
            }
        }
        // One writer at a time: the document is made of all nodes.
        try availabilityWriting.withLock { _ in
            var all = core.withLock { $0.availabilities }
            all[address] = availability == .active ? nil : availability
            try keep(all)
            core.withLock { $0.setAvailability(availability, of: address) }
        }
        let name = snapshot.node(address)?.name ?? address
        logger.info("node availability", metadata: ["node": "\(name)", "is": "\(availability.rawValue)"])
    }

    private func keep(_ all: [String: NodeAvailability]) throws(FileError) {
        try configuration.state?.write(JSONObject([("nodes", JSON(all.mapValues(\.rawValue)))]).json, to: Self.document)
    }
}
