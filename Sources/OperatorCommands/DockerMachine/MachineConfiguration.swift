// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import SecureShell

/// `config.json` of docker-machine, version 3: read from its stores, and written for those who read it.
struct MachineConfiguration: Equatable {
    static let version = 3

    /// The whole file, with keys that mean nothing to us.
    var json: JSONValue

    /// - Throws: `MachineError.damagedRecord`, `MachineError.recordFromTheFuture`.
    init(parsing bytes: [UInt8], path: String) throws {
        guard let json = try? JSONValue(parsing: bytes), case .object = json["Driver"],
            json["DriverName"].string != nil
        else {
            throw MachineError.damagedRecord(path: path, problem: "it is not a config.json of docker-machine")
        }
        let version = json["ConfigVersion"].integer ?? 0
        guard version <= Self.version else {
            throw MachineError.recordFromTheFuture(path: path, version: version)
        }
        guard version == Self.version else {
            throw MachineError.damagedRecord(
                path: path,
                problem: "it has version \(version); run any command of docker-machine 0.16 to bring it to version 3"
            )
        }
        self.json = json
    }

    /// The file for a machine of ours.
    ///
    /// - Parameters:
    ///   - machine: its record.
    ///   - cluster: what was asked of its engine.
    ///   - folder: the store, absolute.
    ///   - key: the private key for SSH, absolute.
    init(_ machine: MachineRecord, cluster: ClusterSpec, folder: String, key: String) {
        let own = "\(folder)/machines/\(machine.name)"
        var driver: [String: JSONValue] = [
            "IPAddress": .string(machine.address ?? ""), "MachineName": .string(machine.name),
            "SSHUser": .string(machine.ssh?.user ?? "root"), "SSHPort": .integer(Int(machine.ssh?.port ?? 22)),
            "SSHKeyPath": .string(key), "StorePath": .string(folder), "SwarmMaster": .boolean(false),
            "SwarmHost": .string(""), "SwarmDiscovery": .string(""),
        ]
        if machine.driver == "none" {
            driver["URL"] = .string(machine.options["url"] ?? "")
        } else {
            driver["EnginePort"] = .integer(machine.enginePort)
        }
        json = .object([
            "ConfigVersion": .integer(Self.version), "Name": .string(machine.name),
            "DriverName": .string(machine.driver), "Driver": .object(driver),
            "HostOptions": .object([
                "Driver": .string(""), "Memory": .integer(0), "Disk": .integer(0),
                "EngineOptions": Self.engineOptions(cluster.engine, driver: machine.driver),
                "SwarmOptions": Self.swarmOptions, "AuthOptions": Self.authOptions(machine, folder: folder, own: own),
            ]),
        ])
    }

    private static func engineOptions(_ engine: EngineSettings, driver: String) -> JSONValue {
        func list(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
        return .object([
            "ArbitraryFlags": list(engine.options), "Dns": .null, "GraphDir": .string(""),
            "Env": list(engine.environment), "Ipv6": .boolean(false),
            "InsecureRegistry": list(engine.insecureRegistries), "Labels": list(engine.labels), "LogLevel": .string(""),
            "StorageDriver": .string(engine.storageDriver ?? ""), "SelinuxEnabled": .boolean(false),
            "TlsVerify": .boolean(true), "RegistryMirror": list(engine.registryMirrors),
            "InstallURL": .string(engine.install),
        ])
    }

    private static let swarmOptions = JSONValue.object([
        "IsSwarm": .boolean(false), "Address": .string(""), "Discovery": .string(""), "Agent": .boolean(false),
        "Master": .boolean(false), "Host": .string("tcp://0.0.0.0:3376"), "Image": .string("swarm:latest"),
        "Strategy": .string("spread"), "Heartbeat": .integer(0), "Overcommit": .integer(0),
        "ArbitraryFlags": .array([]),
        "ArbitraryJoinFlags": .array([]), "Env": .null, "IsExperimental": .boolean(false),
    ])

    private static func authOptions(_ machine: MachineRecord, folder: String, own: String) -> JSONValue {
        .object([
            "CertDir": .string("\(folder)/certs"), "CaCertPath": .string("\(folder)/certs/ca.pem"),
            "CaPrivateKeyPath": .string("\(folder)/certs/ca-key.pem"), "CaCertRemotePath": .string(""),
            "ServerCertPath": .string("\(own)/server.pem"), "ServerKeyPath": .string("\(own)/server-key.pem"),
            "ClientKeyPath": .string("\(folder)/certs/key.pem"), "ServerCertRemotePath": .string(""),
            "ServerKeyRemotePath": .string(""), "ClientCertPath": .string("\(folder)/certs/cert.pem"),
            "ServerCertSANs": .array(machine.tlsNames.map { .string($0) }), "StorePath": .string(own),
        ])
    }

    // MARK: Reading

    var driverName: String { json["DriverName"].string ?? "" }

    /// The driver's part, as its plug-in wrote it.
    var driverJSON: JSONValue { json["Driver"] }

    /// The private key's file, as it was on the machine that wrote this; `nil` for the user's own keys.
    var sshKeyPath: String? { text("SSHKeyPath") }

    func text(_ key: String) -> String? { driverJSON[key].string.flatMap { $0.isEmpty ? nil : $0 } }

    /// The record of the same machine for our store.
    ///
    /// - Parameters:
    ///   - name: of the folder, which counts more than what the file says.
    ///   - id: a new one.
    ///   - cluster: whose certificates it has.
    ///   - drivers: the drivers there are.
    ///   - now: seconds since 1970, UTC.
    /// - Returns: the record, complete but for the key for SSH.
    /// - Throws: `MachineError.badAddress` for a host without an address.
    func record(
        name: String,
        id: String,
        cluster: String,
        drivers: [any MachineDriver],
        now: Int
    ) throws -> MachineRecord {
        var record = MachineRecord(
            name: name,
            id: id,
            cluster: cluster,
            driver: driverName,
            options: [:],
            role: .worker,
            createdAt: now
        )
        record.phase = .registered
        record.tlsNames = json["HostOptions"]["AuthOptions"]["ServerCertSANs"].elements.compactMap(\.string)
        if driverName == "none" {
            let url = text("URL") ?? ""
            record.options["url"] = url
            record.address = SSHAddress(parsing: String(url.drop { $0 != "/" }.drop { $0 == "/" }))?.host
            return record
        }
        guard let address = text("IPAddress") else {
            throw MachineError.badAddress(text: "")
        }
        record.address = address
        record.enginePort = driverJSON["EnginePort"].integer ?? 2376
        let port = driverJSON["SSHPort"].integer.flatMap(UInt16.init(exactly:)) ?? 22
        record.ssh = SSHAddress(user: text("SSHUser") ?? "root", host: address, port: port)
        // Of a driver that cannot find the machine again only the way in by SSH is left.
        record.driver = "generic"
        record.options = [
            "generic-ip-address": address, "generic-ssh-user": text("SSHUser") ?? "root",
            "generic-ssh-port": String(port), "generic-engine-port": String(record.enginePort),
        ]
        return record
    }
}
