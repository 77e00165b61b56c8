// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// A JSON object as an engine reads it: Go's decoder finds a field by its name in any case.
///
/// It also takes a member that is there twice for both, one on top of the other; so such objects are refused
/// where a decision depends on them.
struct GoObject: Sendable {
    private let fields: [String: JSON]

    /// Reads the members of `json`; none when it is no object.
    ///
    /// - Throws: ``GatewayError/badRequest(_:)`` when two members have names that Go takes for the same.
    init(_ json: JSON?) throws(GatewayError) {
        var fields: [String: JSON] = [:]
        for member in json.map({ JSONObject($0) })?.members ?? [] {
            guard fields.updateValue(member.value, forKey: Self.fold(member.key)) == nil else {
                throw .badRequest("the member \"\(member.key)\" is there twice")
            }
        }
        self.fields = fields
    }

    /// The value of a field; `nil` when it is not there, or `null`.
    subscript(name: String) -> JSON? {
        fields[Self.fold(name)].flatMap { $0.isNull ? nil : $0 }
    }

    /// The text of a field; empty when it is not there, or no string.
    func text(_ name: String) -> String { self[name]?.string ?? "" }

    /// Whether a field has elements, members or text.
    func hasContent(_ name: String) -> Bool {
        guard let value = self[name] else {
            return false
        }
        return value.isArray
            ? !value.elements.isEmpty : value.isObject ? !JSONObject(value).members.isEmpty : value != ""
    }

    /// Puts a value in place of all that Go takes for the field; `nil` removes them.
    static func set(_ name: String, _ value: JSON?, in object: inout JSONObject) {
        let folded = fold(name)
        object.members.removeAll { fold($0.key) == folded }
        object[name] = value
    }

    /// As `bytes.EqualFold` compares names: two letters outside of ASCII count as letters in it.
    private static func fold(_ name: String) -> String {
        var folded = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\u{17F}": folded.append("s")
            case "\u{212A}": folded.append("k")
            case "A"..."Z": folded.append(Character(scalar).lowercased())
            default: folded.unicodeScalars.append(scalar)
            }
        }
        return folded
    }
}
