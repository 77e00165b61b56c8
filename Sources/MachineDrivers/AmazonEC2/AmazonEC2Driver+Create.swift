// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

extension AmazonEC2Driver {
    /// An image, and the device of its first disk.
    struct Image {
        var id: String
        var rootDevice: String
    }

    struct Subnet {
        var id: String
        var vpc: String
    }

    package func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost {
        let values = DriverValues(request.options, of: self)
        let ec2 = try client(request.options, request.name)
        let image = try await image(values, ec2)
        let subnet = try await subnet(values, ec2)
        let key = try await keyPair(request, values, ec2)
        var groups = try await givenGroups(values, subnet, ec2)
        if groups.isEmpty {
            let group = try await ownGroup(request, values, subnet, ec2)
            state["security-group"] = group
            try save(state)
            groups = [group]
        }
        let parameters = try await launch(request, values, image, subnet, key, groups)
        guard let instance = try await ec2.call("RunInstances", parameters)?.items("instancesSet").first,
            instance.text("instanceId") != nil
        else {
            throw ec2.client.missing("instance")
        }
        return Self.host(instance, values)
    }

    /// The image asked for, else Canonical's newest of Ubuntu 24.04.
    func image(_ values: DriverValues, _ ec2: EC2Client) async throws -> Image {
        var query: [(String, String)]
        if let given = values["ami"] {
            query = [("ImageId.1", given)]
        } else {
            let name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
            query = [("Owner.1", "099720109477"), ("Filter.1.Name", "name"), ("Filter.1.Value.1", name)]
        }
        let images = try await ec2.call("DescribeImages", query)?.items("imagesSet") ?? []
        let newest = images.max { ($0.text("creationDate") ?? "") < ($1.text("creationDate") ?? "") }
        guard let newest, let id = newest.text("imageId") else {
            throw values.bad("ami", "there is no such image in this region")
        }
        return Image(id: id, rootDevice: values["device-name"] ?? newest.text("rootDeviceName") ?? "/dev/sda1")
    }

    /// The subnet asked for, else the default one of the zone.
    func subnet(_ values: DriverValues, _ ec2: EC2Client) async throws -> Subnet {
        var query: [(String, String)]
        if let given = values["subnet-id"] {
            query = [("SubnetId.1", given)]
        } else {
            let zone = (values["region"] ?? "us-east-1") + (values["zone"] ?? "a")
            query = [("Filter.1.Name", "availability-zone"), ("Filter.1.Value.1", zone)]
            query +=
                values["vpc-id"].map { [("Filter.2.Name", "vpc-id"), ("Filter.2.Value.1", $0)] }
                ?? [("Filter.2.Name", "default-for-az"), ("Filter.2.Value.1", "true")]
        }
        let subnets = try await ec2.list("DescribeSubnets", "subnetSet", query)
        let best = subnets.first { $0.text("defaultForAz") == "true" } ?? subnets.first
        guard let best, let id = best.text("subnetId"), let vpc = best.text("vpcId") else {
            throw values.bad("subnet-id", "there is no such subnet; name one, or a zone or VPC that has one")
        }
        return Subnet(id: id, vpc: vpc)
    }

    /// The name of the key pair asked for, else of the machine's own, made when it is missing.
    private func keyPair(_ request: MachineRequest, _ values: DriverValues, _ ec2: EC2Client) async throws -> String {
        if let given = values["keypair-name"] {
            return given
        }
        let name = Tag.objectName(request.name, request.id)
        guard try await keyPairs(request.id, ec2).isEmpty else {
            return name
        }
        let parameters = [
            ("KeyName", name),
            ("PublicKeyMaterial", Data(request.authorizedKey.utf8).base64EncodedString()),
        ]
        try await ec2.call(
            "ImportKeyPair",
            parameters + Self.tags(["key-pair"], request, values),
            accepting: ["InvalidKeyPair.Duplicate"]
        )
        return name
    }

    private func givenGroups(_ values: DriverValues, _ subnet: Subnet, _ ec2: EC2Client) async throws -> [String] {
        let names = values.list("security-group")
        guard !names.isEmpty else {
            return []
        }
        let query =
            [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", subnet.vpc), ("Filter.2.Name", "group-name")]
            + names.enumerated().map { ("Filter.2.Value.\($0 + 1)", $1) }
        let found = try await ec2.list("DescribeSecurityGroups", "securityGroupInfo", query)
        for name in names where !found.contains(where: { $0.text("groupName") == name }) {
            throw values.bad("security-group", "there is no group \"\(name)\" in the VPC \(subnet.vpc)")
        }
        return found.compactMap { $0.text("groupId") }
    }

    /// The machine's own group with all its rules.
    private func ownGroup(
        _ request: MachineRequest,
        _ values: DriverValues,
        _ subnet: Subnet,
        _ ec2: EC2Client
    ) async throws -> String {
        let name = Tag.objectName(request.name, request.id)
        var found = try await groups(request.id, ec2).first
        if found == nil {
            let parameters = [("GroupName", name), ("GroupDescription", "swarmctl"), ("VpcId", subnet.vpc)]
            try await ec2.call(
                "CreateSecurityGroup",
                parameters + Self.tags(["security-group"], request, values),
                accepting: ["InvalidGroup.Duplicate"]
            )
            found = try await groups(request.id, ec2).first
        }
        guard let found, let id = found.text("groupId") else {
            throw ec2.client.problem("its security group is not there", .unreachable, isTransient: true)
        }
        let wanted = try EC2Ingress.rules(request, values)
        let missing = wanted.filter { !EC2Ingress(of: found).contains($0) }
        if !missing.isEmpty {
            try await ec2.call(
                "AuthorizeSecurityGroupIngress",
                [("GroupId", id)] + EC2Ingress.parameters(missing),
                accepting: ["InvalidPermission.Duplicate"]
            )
        }
        return id
    }

    private func launch(
        _ request: MachineRequest,
        _ values: DriverValues,
        _ image: Image,
        _ subnet: Subnet,
        _ key: String,
        _ groups: [String]
    ) async throws -> [(String, String)] {
        let cloudInit = CloudInit(environment: environment)
        let user = values["ssh-user"] ?? "ubuntu"
        let userData = try cloudInit.userData(for: request, user: user, extra: values["userdata"])
        let disk = "BlockDeviceMapping.1"
        let network = "NetworkInterface.1"
        var parameters = [
            ("ImageId", image.id), ("MinCount", "1"), ("MaxCount", "1"), ("ClientToken", String(request.id.prefix(64))),
            ("InstanceType", values["instance-type"] ?? "t3.small"), ("KeyName", key),
            ("UserData", Data(userData.utf8).base64EncodedString()),
            ("\(disk).DeviceName", image.rootDevice),
            ("\(disk).Ebs.VolumeSize", "\(try values.integer("root-size", in: 1...65_536) ?? 16)"),
            ("\(disk).Ebs.VolumeType", values["volume-type"] ?? "gp3"), ("\(disk).Ebs.DeleteOnTermination", "true"),
            ("\(network).DeviceIndex", "0"), ("\(network).SubnetId", subnet.id),
            ("\(network).AssociatePublicIpAddress", values.isOn("private-address-only") ? "false" : "true"),
            ("MetadataOptions.HttpTokens", values["http-tokens"] ?? "required"),
            ("MetadataOptions.HttpEndpoint", values["http-endpoint"] ?? "enabled"),
            // Containers are one hop further: they do not read the host's user data.
            ("MetadataOptions.HttpPutResponseHopLimit", "1"),
        ]
        parameters += groups.enumerated().map { ("\(network).SecurityGroupId.\($0 + 1)", $1) }
        parameters += Self.wishes(values)
        var kinds = ["instance", "volume"]
        if values.isOn("request-spot-instance") {
            kinds.append("spot-instances-request")
        }
        return parameters + Self.tags(kinds, request, values)
    }

    /// What is sent only when it is asked for.
    private static func wishes(_ values: DriverValues) -> [(String, String)] {
        var wishes: [(String, String)] = []
        if values.isOn("request-spot-instance") {
            wishes += [("InstanceMarketOptions.MarketType", "spot")]
            wishes += [("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")]
            wishes += values["spot-price"].map { [("InstanceMarketOptions.SpotOptions.MaxPrice", $0)] } ?? []
        }
        wishes += values["iam-instance-profile"].map { [("IamInstanceProfile.Name", $0)] } ?? []
        wishes += values.isOn("monitoring") ? [("Monitoring.Enabled", "true")] : []
        wishes += values.isOn("use-ebs-optimized-instance") ? [("EbsOptimized", "true")] : []
        wishes += values.isOn("encrypt-ebs-volume") ? [("BlockDeviceMapping.1.Ebs.Encrypted", "true")] : []
        wishes += values["kms-key"].map { [("BlockDeviceMapping.1.Ebs.KmsKeyId", $0)] } ?? []
        return wishes
    }

    /// Our tags, the name that Amazon's console shows, and those asked for.
    private static func tags(
        _ kinds: [String],
        _ request: MachineRequest,
        _ values: DriverValues
    ) -> [(String, String)] {
        var tags = Tag.labels(of: request).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        tags.append(("Name", request.name))
        tags += ((try? values.pairs("tags")) ?? []).map { ($0.key, $0.value) }
        return kinds.enumerated().flatMap { index, kind in
            let start = "TagSpecification.\(index + 1)"
            return [("\(start).ResourceType", kind)]
                + tags.enumerated().flatMap { number, tag in
                    [("\(start).Tag.\(number + 1).Key", tag.0), ("\(start).Tag.\(number + 1).Value", tag.1)]
                }
        }
    }
}
