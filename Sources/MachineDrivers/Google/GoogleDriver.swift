// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import Machines
internal import SwarmCore

/// Instances of Google Compute Engine: each with a firewall rule of its own.
///
/// Names there are ours to choose, so a name is the id. Labels take no dots and capitals: the metadata holds the tags
/// as they are, and the label `swarmctl-id` is what instances are found by.
package struct GoogleDriver: CloudDriver {
    package let name = "google"
    package let summary = "instances of Google Compute Engine"
    package var options: [DriverOption] { Self.allOptions }
    package let patience: Patience

    let http: any HTTPSending
    let environment: [String: String]
    let base: String
    let now: @Sendable () -> Int
    let tokens = OAuthTokens()

    /// - Parameters:
    ///   - http: makes the calls.
    ///   - environment: of the process; `GOOGLE_APPLICATION_CREDENTIALS` and `HOME` are used.
    ///   - patience: how long instances are waited for.
    ///   - base: the API's address.
    ///   - now: seconds since 1970, UTC.
    package init(
        http: any HTTPSending,
        environment: [String: String],
        patience: Patience = Patience(),
        base: String = "https://compute.googleapis.com",
        now: @escaping @Sendable () -> Int = { WallClock.seconds() }
    ) {
        self.http = http
        self.environment = environment
        self.patience = patience
        self.base = base
        self.now = now
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        guard !values.isOn("use-existing") else {
            throw values.bad("use-existing", "adopt an instance that is there with the driver generic")
        }
        let google = try await google(request.options, request.name)
        let type = values["machine-type"] ?? ""
        guard try await google.client.find("\(google.zonePath)/machineTypes/\(CloudClient.escape(type))") != nil else {
            throw values.bad("machine-type", "the zone does not have it")
        }
    }

    package func host(of machine: DriverMachine) async throws -> CloudHost? {
        let google = try await google(machine.options, machine.name)
        if let id = machine.state["id"] {
            return try await google.client.find(google.instance(id)).map { host($0, machine) }
        }
        return try await instances("labels.\(Tag.id)=\(machine.id)", google).first.map { host($0, machine) }
    }

    package func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws {
        let google = try await google(machine.options, machine.name)
        let path = google.instance(host.id)
        switch power {
        case .start: try await google.client.call("POST", "\(path)/start")
        case .stop: try await google.client.call("POST", "\(path)/stop")
        case .kill: try await google.client.call("POST", "\(path)/stop", query: [("noGracefulShutdown", "true")])
        case .restart:
            // Google's own "reset" is a power cut.
            try await google.client.call("POST", "\(path)/stop")
            let isOff: Bool? = try await patience.wait {
                let state = try await google.client.find(path).map { self.host($0, machine).state }
                return state == .stopped || state == nil ? true : nil
            }
            guard isOff != nil else {
                throw problem(machine, "it does not stop", .unreachable, isTransient: true)
            }
            try await google.client.call("POST", "\(path)/start")
        }
    }

    package func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16) {
        (DriverValues(machine.options, of: self)["username"] ?? "docker-user", 22)
    }

    package func remove(_ machine: DriverMachine) async throws {
        let google = try await google(machine.options, machine.name)
        let filter = "labels.\(Tag.id)=\(machine.id)"
        for instance in try await instances(filter, google) {
            let path = google.instance(instance["name"].text ?? "")
            try await google.client.call("DELETE", path, accepting: [404])
        }
        let isGone: Bool? = try await patience.wait { try await instances(filter, google).isEmpty ? true : nil }
        guard isGone != nil else {
            throw problem(machine, "its instance does not end", .unreachable, isTransient: true)
        }
        for rule in try await firewalls(google) where Self.labels(rule["description"].text)[Tag.id] == machine.id {
            let path = "\(google.globalPath)/firewalls/\(CloudClient.escape(rule["name"].text ?? ""))"
            try await google.client.call("DELETE", path, accepting: [404])
        }
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let google = try await google(options, "")
        let instances = try await instances("labels.\(Tag.id):*", google)
        let firewalls = try await firewalls(google)
        return instances.map { Tag.resource("instance", $0["name"].text ?? "", Self.metadata($0)) }
            + firewalls.map { ("firewall rule", $0["name"].text ?? "", Self.labels($0["description"].text)) }
            .filter { $0.2[Tag.id] != nil }
            .map { Tag.resource($0.0, $0.1, $0.2) }
    }

    // MARK: What there is

    private func instances(_ filter: String, _ google: GoogleProject) async throws -> [JSON] {
        try await google.list("\(google.zonePath)/instances", filter)
    }

    private func firewalls(_ google: GoogleProject) async throws -> [JSON] {
        try await google.list("\(google.globalPath)/firewalls", "name:swarmctl-*")
    }

    func host(_ instance: JSON, _ machine: DriverMachine) -> CloudHost {
        let state: MachineState =
            switch instance["status"].text {
            case "PROVISIONING", "STAGING", "REPAIRING": .starting
            case "RUNNING": .running
            case "STOPPING", "SUSPENDING", "PENDING_STOP": .stopping
            case "TERMINATED", "STOPPED", "SUSPENDED": .stopped
            default: .unknown
            }
        let values = DriverValues(machine.options, of: self)
        let isInternal = values.isOn("use-internal-ip") || values.isOn("use-internal-ip-only")
        let interface = instance["networkInterfaces"].elements.first ?? .null
        let address = isInternal ? interface["networkIP"] : interface["accessConfigs"].elements.first?["natIP"] ?? .null
        return CloudHost(id: instance["name"].text ?? "", state: state, address: address.text)
    }

    private static func metadata(_ instance: JSON) -> [String: String] {
        let items = instance["metadata"]["items"].elements.map { ($0["key"].text ?? "", $0["value"].text ?? "") }
        return Dictionary(items) { first, _ in first }
    }

    /// A rule's description, as ``description(_:)`` writes it.
    private static func labels(_ text: String?) -> [String: String] {
        let parts = (text ?? "").split(separator: " ").map(String.init)
        guard parts.count == 4, parts[0] == "swarmctl" else {
            return [:]
        }
        return [Tag.cluster: parts[1], Tag.machine: parts[2], Tag.id: parts[3]]
    }

    static func description(_ request: MachineRequest) -> String {
        "swarmctl \(request.cluster) \(request.name) \(request.id)"
    }
}
