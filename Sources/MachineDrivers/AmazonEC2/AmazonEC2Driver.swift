// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import Machines
internal import SwarmCore

/// Instances of Amazon EC2: each with a key pair and a security group of its own, which go with it.
package struct AmazonEC2Driver: CloudDriver {
    package let name = "amazonec2"
    package let summary = "instances of Amazon EC2"
    package var options: [DriverOption] { Self.allOptions }
    package let patience: Patience

    let http: any HTTPSending
    let environment: [String: String]
    let now: @Sendable () -> Int

    /// - Parameters:
    ///   - http: makes the calls.
    ///   - environment: of the process; `HOME` and `AWS_PROFILE` are used.
    ///   - patience: how long instances are waited for.
    ///   - now: seconds since 1970, UTC.
    package init(
        http: any HTTPSending,
        environment: [String: String],
        patience: Patience = Patience(),
        now: @escaping @Sendable () -> Int = { WallClock.seconds() }
    ) {
        self.http = http
        self.environment = environment
        self.patience = patience
        self.now = now
    }

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        _ = try values.sshPort()
        let ec2 = try client(request.options, request.name)
        guard values["block-duration-minutes"].map({ $0 == "0" }) ?? true else {
            throw values.bad("block-duration-minutes", "Amazon no longer has spot instances of a fixed duration")
        }
        _ = try EC2Ingress.openPorts(values)
        _ = try await image(values, ec2)
        _ = try await subnet(values, ec2)
    }

    package func host(of machine: DriverMachine) async throws -> CloudHost? {
        let ec2 = try client(machine.options, machine.name)
        let instances = try await instances(machine, ec2)
        let values = DriverValues(machine.options, of: self)
        let hosts = instances.map { Self.host($0, values) }
        return hosts.first { $0.state != .notFound }
    }

    package func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws {
        let ec2 = try client(machine.options, machine.name)
        let instance = [("InstanceId.1", host.id)]
        switch power {
        case .start: try await ec2.call("StartInstances", instance)
        case .stop: try await ec2.call("StopInstances", instance)
        case .kill: try await ec2.call("StopInstances", instance + [("Force", "true")])
        case .restart: try await ec2.call("RebootInstances", instance)
        }
    }

    package func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16) {
        let values = DriverValues(machine.options, of: self)
        return (values["ssh-user"] ?? "ubuntu", try values.sshPort())
    }

    /// The instance first, and only when it is gone what it used: Amazon refuses otherwise.
    package func remove(_ machine: DriverMachine) async throws {
        let ec2 = try client(machine.options, machine.name)
        let values = DriverValues(machine.options, of: self)
        let ids = try await instances(machine, ec2).filter { Self.host($0, values).state != .notFound }
            .compactMap { $0.text("instanceId") }
        for id in ids {
            try await ec2.call("TerminateInstances", [("InstanceId.1", id)], accepting: ["InvalidInstanceID.NotFound"])
        }
        let gone: Bool? = try await patience.wait {
            let left = try await instances(machine, ec2).filter { $0.text("instanceState", "name") != "terminated" }
            return left.isEmpty ? true : nil
        }
        guard gone != nil else {
            throw problem(machine, "its instance does not end", .unreachable, isTransient: true)
        }
        for group in try await groups(machine.id, ec2) {
            let id = group.text("groupId") ?? ""
            try await ec2.call("DeleteSecurityGroup", [("GroupId", id)], accepting: ["InvalidGroup.NotFound"])
        }
        for key in try await keyPairs(machine.id, ec2) {
            let name = key.text("keyName") ?? ""
            try await ec2.call("DeleteKeyPair", [("KeyName", name)], accepting: ["InvalidKeyPair.NotFound"])
        }
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let ec2 = try client(options, "")
        let values = DriverValues(options, of: self)
        let filter = [("Filter.1.Name", "tag-key"), ("Filter.1.Value.1", Tag.id)]
        let instances = try await ec2.list("DescribeInstances", "reservationSet", filter)
            .flatMap { $0.items("instancesSet") }
            .filter { Self.host($0, values).state != .notFound }
        let groups = try await ec2.list("DescribeSecurityGroups", "securityGroupInfo", filter)
        let keys = try await ec2.call("DescribeKeyPairs", filter)?.items("keySet") ?? []
        return instances.map { Self.resource("instance", "instanceId", $0) }
            + groups.map { Self.resource("security group", "groupId", $0) }
            + keys.map { Self.resource("key pair", "keyPairId", $0) }
    }

    // MARK: What there is

    /// The machine's instances, those too that are just gone.
    private func instances(_ machine: DriverMachine, _ ec2: EC2Client) async throws -> [XMLElement] {
        try await ec2.list("DescribeInstances", "reservationSet", Self.filter(machine.id))
            .flatMap { $0.items("instancesSet") }
    }

    func groups(_ id: String, _ ec2: EC2Client) async throws -> [XMLElement] {
        try await ec2.list("DescribeSecurityGroups", "securityGroupInfo", Self.filter(id))
    }

    func keyPairs(_ id: String, _ ec2: EC2Client) async throws -> [XMLElement] {
        try await ec2.call("DescribeKeyPairs", Self.filter(id))?.items("keySet") ?? []
    }

    static func filter(_ id: String) -> [(String, String)] {
        [("Filter.1.Name", "tag:\(Tag.id)"), ("Filter.1.Value.1", id)]
    }

    static func host(_ instance: XMLElement, _ values: DriverValues) -> CloudHost {
        let state: MachineState =
            switch instance.text("instanceState", "name") {
            case "pending": .starting
            case "running": .running
            case "stopping": .stopping
            case "stopped": .stopped
            case "shutting-down", "terminated": .notFound
            default: .unknown
            }
        let isPrivate = values.isOn("use-private-address") || values.isOn("private-address-only")
        let address = isPrivate ? instance.text("privateIpAddress") : instance.text("ipAddress")
        return CloudHost(id: instance.text("instanceId") ?? "", state: state, address: address)
    }

    private static func resource(_ kind: String, _ id: String, _ element: XMLElement) -> TaggedResource {
        let tags = element.items("tagSet").map { ($0.text("key") ?? "", $0.text("value") ?? "") }
        return Tag.resource(kind, element.text(id) ?? "", Dictionary(tags) { first, _ in first })
    }
}
