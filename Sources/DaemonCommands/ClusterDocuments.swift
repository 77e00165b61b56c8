// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Discovery

/// What managers decide about nodes, in the store that elects their leader.
struct ClusterDocuments: SharedAvailability {
    private static let folder = "availability"

    let store: any DocumentStore

    func read() async throws -> [String: NodeAvailability] {
        // A word that a later version wrote keeps containers away, as all but "active" do.
        try await store.documents(in: Self.folder).mapValues { NodeAvailability(rawValue: $0) ?? .cordoned }
    }

    func write(_ availability: NodeAvailability, of address: String) async throws {
        let word = availability == .active ? nil : availability.rawValue
        try await store.setDocument(address, in: Self.folder, to: word)
    }
}
