// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One element of `GET /images/json`.
package struct ImageSummary: Sendable {
    /// With `sha256:` in front.
    package let id: String
    package let repoTags: [String]
    package let repoDigests: [String]
    package let labels: [String: String]
    /// Seconds since 1970, UTC.
    package let created: Int
    /// Bytes.
    package let size: Int64
    /// The whole element.
    package let raw: JSON

    private static let known = SharedValues<JSON, ImageSummary?>(limit: 16_384)

    /// Reads an element; the same image on many nodes is kept once.
    ///
    /// Returns `nil` when there is no id.
    package init?(_ json: JSON) {
        let image = Self.known.value(json) {
            let own = json.detached
            return (own, ImageSummary(reading: own))
        }
        guard let image else {
            return nil
        }
        self = image
    }

    private init?(reading json: JSON) {
        let fields = json.fields
        guard let id = fields["Id"]?.string, !id.isEmpty else {
            return nil
        }
        self.id = id
        repoTags = (fields["RepoTags"]?.strings ?? []).filter { $0 != "<none>:<none>" }
        repoDigests = (fields["RepoDigests"]?.strings ?? []).filter { $0 != "<none>@<none>" }
        labels = fields["Labels"]?.stringMap ?? [:]
        created = fields["Created"]?.int ?? 0
        size = Int64(fields["Size"]?.int ?? 0)
        raw = json
    }
}

/// One element of `GET /networks`.
package struct NetworkSummary: Sendable {
    package let id: String
    package let name: String
    package let driver: String
    /// `local`, `global` or `swarm`.
    package let scope: String
    package let labels: [String: String]
    /// The whole element.
    package let raw: JSON

    /// Returns `nil` when there is no id.
    package init?(_ json: JSON) {
        let fields = json.fields
        guard let id = fields["Id"]?.string, !id.isEmpty else {
            return nil
        }
        self.id = id
        name = fields["Name"]?.string ?? ""
        driver = fields["Driver"]?.string ?? ""
        scope = fields["Scope"]?.string ?? "local"
        labels = fields["Labels"]?.stringMap ?? [:]
        raw = json.detached
    }
}

/// One element of `Volumes` in `GET /volumes`.
package struct VolumeSummary: Sendable {
    package let name: String
    package let driver: String
    /// `local` or `global`.
    package let scope: String
    package let labels: [String: String]
    /// The whole element.
    package let raw: JSON

    /// Returns `nil` when there is no name.
    package init?(_ json: JSON) {
        let fields = json.fields
        guard let name = fields["Name"]?.string, !name.isEmpty else {
            return nil
        }
        self.name = name
        driver = fields["Driver"]?.string ?? "local"
        scope = fields["Scope"]?.string ?? "local"
        labels = fields["Labels"]?.stringMap ?? [:]
        raw = json.detached
    }
}
