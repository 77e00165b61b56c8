// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The members of a JSON object in the order they were written, for rewriting.
///
/// A member that is not touched is written again byte for byte; a replaced one keeps its place.
package struct JSONObject: Sendable {
    /// Names and values in order; a name may be there twice, as in the text.
    package var members: [(key: String, value: JSON)]

    package init(_ members: [(String, JSON)] = []) {
        self.members = members.map { (key: $0.0, value: $0.1) }
    }

    /// The members of `json`; none when it is no object.
    package init(_ json: JSON) {
        guard json.isObject else {
            members = []
            return
        }
        let scanner = JSONScanner(json.bytes)
        members = scanner.members()
    }

    /// The member by its exact name; the last one when a name is there twice, as in Go.
    ///
    /// Setting replaces the value in place or appends; setting `nil` removes.
    package subscript(key: String) -> JSON? {
        get {
            members.last { $0.key == key }?.value
        }
        set {
            guard let newValue else {
                members.removeAll { $0.key == key }
                return
            }
            if let index = members.lastIndex(where: { $0.key == key }) {
                members[index].value = newValue
            } else {
                members.append((key: key, value: newValue))
            }
        }
    }

    /// The member whose name matches when the case of ASCII letters is ignored.
    ///
    /// Go's decoder, and so the engine, takes `hostconfig` for `HostConfig` in a request.
    package func field(_ name: String) -> JSON? {
        if let exact = self[name] {
            return exact
        }
        let wanted = name.lowercased()
        return members.last { $0.key.lowercased() == wanted }?.value
    }

    /// Renames members that differ from one of `names` only in case, so that rewriting finds them.
    package mutating func normalizeCase(of names: [String]) {
        for index in members.indices {
            let lowered = members[index].key.lowercased()
            if let name = names.first(where: { $0.lowercased() == lowered }) {
                members[index].key = name
            }
        }
    }

    /// The object as a value.
    package var json: JSON {
        var text = [UInt8(ascii: "{")]
        text.reserveCapacity(members.reduce(2) { $0 + $1.key.utf8.count + $1.value.bytes.count + 4 })
        for member in members {
            if text.count > 1 {
                text.append(UInt8(ascii: ","))
            }
            JSONScanner.append(escaping: member.key, to: &text)
            text.append(UInt8(ascii: ":"))
            text += member.value.bytes
        }
        text.append(UInt8(ascii: "}"))
        return JSON(validated: text[...])
    }
}

extension JSON {
    /// The object with `change` made to its members; a value that is no object counts as an empty one.
    package func rewriting(_ change: (inout JSONObject) throws -> Void) rethrows -> JSON {
        var object = JSONObject(self)
        try change(&object)
        return object.json
    }
}
