// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Synchronization

/// The lines of `info` about each node, made anew when the node has changed.
final class NodeLineCache: Sendable {
    private struct Entry {
        let node: NodeState
        let text: [UInt8]
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameters:
    ///   - nodes: all there are; what is kept of others is forgotten.
    ///   - make: the elements of a JSON array about one node, with commas between them.
    /// - Returns: the elements about all nodes.
    func text(of nodes: some Collection<NodeState>, _ make: (NodeState) -> [UInt8]) -> [UInt8] {
        entries.withLock { entries in
            var text: [UInt8] = []
            text.reserveCapacity(nodes.count * 768)
            for node in nodes {
                if entries[node.address]?.node !== node {
                    entries[node.address] = Entry(node: node, text: make(node))
                }
                if !text.isEmpty {
                    text.append(UInt8(ascii: ","))
                }
                text += entries[node.address]?.text ?? []
            }
            if entries.count > nodes.count {
                let addresses = Set(nodes.map(\.address))
                entries = entries.filter { addresses.contains($0.key) }
            }
            return text
        }
    }
}
