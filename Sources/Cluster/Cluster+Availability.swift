// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import SwarmCore
internal import Synchronization

/// Cordoning nodes: kept over restarts, by address.
extension Cluster {
    private static let document = "nodes.json"

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

    /// Sets what may be placed on a node; it is kept when this returns.
    ///
    /// - Parameters:
    ///   - availability: from now on.
    ///   - address: of the node; one that is no member now counts when it is one.
    /// - Throws: ``FileError``; then nothing has changed.
    package func setAvailability(_ availability: NodeAvailability, of address: String) throws {
        // One writer at a time: the document is made of all nodes.
        try availabilityWriting.withLock { _ in
            var all = core.withLock { $0.availabilities }
            all[address] = availability == .active ? nil : availability
            let nodes = JSON(all.mapValues(\.rawValue))
            try configuration.state?.write(JSONObject([("nodes", nodes)]).json, to: Self.document)
            core.withLock { $0.setAvailability(availability, of: address) }
        }
        let name = snapshot.node(address)?.name ?? address
        logger.info("node availability", metadata: ["node": "\(name)", "is": "\(availability.rawValue)"])
    }
}
