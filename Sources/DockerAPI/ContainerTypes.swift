// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A port of a container and where the host publishes it.
package struct PublishedPort: Sendable, Hashable {
    /// The address on the host, as the engine gives it; empty when the port is not published.
    package let address: String
    package let privatePort: Int
    /// The port on the host; `nil` when the port is not published.
    package let publicPort: Int?
    /// `tcp`, `udp` or `sctp`.
    package let transport: String

    package init(address: String, privatePort: Int, publicPort: Int?, transport: String) {
        self.address = address
        self.privatePort = privatePort
        self.publicPort = publicPort
        self.transport = transport
    }
}

/// One element of `GET /containers/json`.
package struct ContainerSummary: Sendable {
    package let id: String
    /// Without the leading `/`; names of links (`/a/b`) are left out.
    package let names: [String]
    /// Whether it has names of links too.
    package let isLinked: Bool
    package let image: String
    package let imageID: String
    /// Seconds since 1970, UTC.
    package let created: Int
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    package let state: String
    /// For people: `Up 3 minutes`.
    package let status: String
    package let labels: [String: String]
    /// Read from ``raw`` each time, because few ask.
    package var ports: [PublishedPort] {
        (raw["Ports"]?.elements ?? []).map { json in
            let port = json.fields
            return PublishedPort(
                address: port["IP"]?.string ?? "",
                privatePort: port["PrivatePort"]?.int ?? 0,
                publicPort: port["PublicPort"]?.int,
                transport: port["Type"]?.string ?? "tcp"
            )
        }
    }
    /// The whole element; shares the storage of the list that it was in.
    package var raw: JSON

    /// Returns `nil` when there is no id.
    package init?(_ json: JSON) {
        let fields = json.fields
        guard let id = fields["Id"]?.string, !id.isEmpty else {
            return nil
        }
        self.id = id
        let all = (fields["Names"]?.strings ?? []).map { String($0.drop { $0 == "/" }) }
        names = all.filter { !$0.contains("/") }
        isLinked = all.count != names.count
        image = SharedTexts.string(fields["Image"]?.string ?? "")
        imageID = SharedTexts.string(fields["ImageID"]?.string ?? "")
        created = fields["Created"]?.int ?? 0
        state = fields["State"]?.string ?? ""
        status = SharedTexts.string(fields["Status"]?.string ?? "")
        labels = fields["Labels"].map { SharedTexts.map($0) } ?? [:]
        raw = json
    }
}

/// The answer of `GET /containers/ID/json`, and the parts of a create request with the same names.
package struct ContainerDetail: Sendable {
    package let id: String
    /// Without the leading `/`.
    package let name: String
    package let imageID: String
    /// `Config` and `HostConfig` of the container.
    package let config: JSON
    package let hostConfig: JSON
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    package let state: String
    /// The whole answer.
    package let raw: JSON
    /// Its members.
    package let fields: JSONFields

    /// Returns `nil` when there is no id.
    package init?(_ json: JSON) {
        let fields = json.fields
        guard let id = fields["Id"]?.string, !id.isEmpty else {
            return nil
        }
        self.id = id
        self.fields = fields
        name = String((fields["Name"]?.string ?? "").drop { $0 == "/" })
        imageID = fields["Image"]?.string ?? ""
        config = fields["Config"] ?? .emptyObject
        hostConfig = fields["HostConfig"] ?? .emptyObject
        state = fields["State"]?["Status"]?.string ?? ""
        raw = json
    }
}
