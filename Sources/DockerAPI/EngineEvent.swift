// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One line of `GET /events`.
package struct EngineEvent: Sendable {
    /// The kind of object, as in `container`, `image`, `network`, `volume`, `daemon`.
    package let type: String
    /// What happened, as in `start`, `die`, `exec_create: sh`.
    package let action: String
    /// The object's id, or its name where it has none.
    package let actor: String
    package var attributes: [String: String] { raw["Actor"]?["Attributes"]?.stringMap ?? [:] }
    /// Nanoseconds since 1970, UTC.
    package let time: Int64
    /// The whole event.
    package let raw: JSON

    /// Reads an event; engines before API 1.22 sent only `status`, `id` and `from`.
    package init(_ json: JSON) {
        let fields = json.fields
        type = fields["Type"]?.string ?? "container"
        action = fields["Action"]?.string ?? fields["status"]?.string ?? ""
        actor = fields["Actor"]?["ID"]?.string ?? fields["id"]?.string ?? ""
        if let nanoseconds = fields["timeNano"]?.int {
            time = Int64(nanoseconds)
        } else {
            time = Int64(fields["time"]?.int ?? 0).multipliedReportingOverflow(by: 1_000_000_000).partialValue
        }
        raw = json
    }

    /// The instant as the engine's `since` and `until` take it: `1700000000.000000123`.
    package var timestamp: String {
        let fraction = String(time % 1_000_000_000)
        return "\(time / 1_000_000_000)." + String(repeating: "0", count: max(0, 9 - fraction.count)) + fraction
    }
}
