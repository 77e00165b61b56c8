// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import Synchronization

/// What is added to each event of a node: where it happened, to the actor and beside it.
struct EventMarks: Sendable {
    private static let names = ["node.name", "node.id", "node.addr", "node.ip"]

    private let values: [JSON]
    private let place: JSON
    /// The members of both objects, without braces.
    private let attributes: [UInt8]
    private let node: [UInt8]

    init(_ node: NodeState) {
        values = [JSON(node.name), JSON(node.engineID), JSON(node.address), JSON(node.host)]
        attributes = Self.members(zip(Self.names, values).map { ($0, $1) })
        place = JSONObject(zip(["Name", "Id", "Addr", "Ip"], values).map { ($0, $1) }).json
        self.node = Self.members([("node", place)])
    }

    private static func members(_ members: [(String, JSON)]) -> [UInt8] {
        Array(JSONObject(members).json.bytes.dropFirst().dropLast())
    }

    /// The line that listeners are sent.
    func line(_ event: JSON) -> [UInt8] {
        insert(into: event) ?? Array(rewrite(event).bytes) + [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }

    /// Puts the marks behind the members that are there; `nil` when one of them is a mark already, or there are no
    /// attributes.
    private func insert(into event: JSON) -> [UInt8]? {
        let fields = event.fields
        guard fields["node"] == nil, let actor = fields["Actor"], let all = actor["Attributes"], all.isObject else {
            return nil
        }
        let known = all.fields
        guard known["node.name"] == nil, known["node.id"] == nil, known["node.addr"] == nil, known["node.ip"] == nil
        else {
            return nil
        }
        let end = all.bytes.endIndex - 1
        var line: [UInt8] = []
        line.reserveCapacity(event.bytes.count + attributes.count + node.count + 4)
        line += event.bytes[..<end]
        if !known.isEmpty {
            line.append(UInt8(ascii: ","))
        }
        line += attributes
        line += event.bytes[end...].dropLast()
        line.append(UInt8(ascii: ","))
        line += node
        line += [UInt8(ascii: "}"), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        return line
    }

    private func rewrite(_ json: JSON) -> JSON {
        json.rewriting { event in
            event["Actor"] = (event["Actor"] ?? .emptyObject).rewriting { actor in
                actor["Attributes"] = (actor["Attributes"] ?? .emptyObject).rewriting { attributes in
                    for (name, value) in zip(Self.names, values) {
                        attributes[name] = value
                    }
                }
            }
            event["node"] = place
        }
    }
}

/// The marks of each node, made anew when what is in them has changed.
final class EventMarkCache: Sendable {
    private struct Entry {
        let name: String
        let id: String
        let marks: EventMarks
    }

    /// More than a cluster has nodes: those that have left are forgotten with all others.
    private static let limit = 20_000

    private let entries = Mutex<[String: Entry]>([:])

    func marks(of node: NodeState) -> EventMarks {
        entries.withLock { entries in
            if let entry = entries[node.address], entry.name == node.name, entry.id == node.engineID {
                return entry.marks
            }
            let marks = EventMarks(node)
            if entries.count >= Self.limit {
                entries = [:]
            }
            entries[node.address] = Entry(name: node.name, id: node.engineID, marks: marks)
            return marks
        }
    }
}
