// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

// What the driver reads and writes of the engine's API; fields are spelled as there, but for the first letter.

/// The engine's JSON: `CgroupVersion` there is `cgroupVersion` here; `IPAM` and the like have coding keys.
enum EngineJSON {
    static func encode(_ value: any Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.keyEncodingStrategy = .custom { path in EngineKey(capitalized: path) }
        return Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in EngineKey(uncapitalized: path) }
        return try decoder.decode(type, from: Data(bytes))
    }
}

/// A name in the engine's JSON.
private struct EngineKey: CodingKey {
    var stringValue: String
    var intValue: Int?

    init(stringValue: String) { self.stringValue = stringValue }

    init(intValue: Int) {
        self.intValue = intValue
        stringValue = String(intValue)
    }

    init(capitalized path: [any CodingKey]) {
        let name = path.last?.stringValue ?? ""
        self.init(stringValue: name.prefix(1).uppercased() + name.dropFirst())
    }

    /// Words all in capitals stay as they are.
    init(uncapitalized path: [any CodingKey]) {
        let name = path.last?.stringValue ?? ""
        let isAcronym = name.dropFirst().first?.isUppercase == true
        self.init(stringValue: isAcronym ? name : name.prefix(1).lowercased() + name.dropFirst())
    }
}

struct EngineMessage: Decodable {
    var message: String
}

struct EngineInfo: Decodable {
    var cgroupVersion: String?
}

struct ImageInfo: Decodable {
    var id: String
}

struct CreatedObject: Decodable {
    var id: String
}

/// One row of `/containers/json`.
struct ContainerRow: Decodable {
    var id: String
    var state: String
    var labels: [String: String]?
    var networkSettings: NetworkSettings?

    struct NetworkSettings: Decodable {
        var networks: [String: Attachment]?
    }
}

/// How a container is attached to one network.
struct Attachment: Codable {
    var ipamConfig: Fixed?
    var ipAddress: String?

    struct Fixed: Codable {
        var ipv4Address: String?

        enum CodingKeys: String, CodingKey {
            case ipv4Address = "IPv4Address"
        }
    }

    enum CodingKeys: String, CodingKey {
        case ipamConfig = "IPAMConfig"
        case ipAddress = "IPAddress"
    }
}

struct ContainerInfo: Decodable {
    var id: String
    var state: State
    var networkSettings: ContainerRow.NetworkSettings

    struct State: Decodable {
        var status: String
    }
}

struct NetworkInfo: Decodable {
    var id: String
    var name: String
    var labels: [String: String]?
    var ipam: IPAMInfo?

    enum CodingKeys: String, CodingKey {
        case id, name, labels
        case ipam = "IPAM"
    }

    struct IPAMInfo: Decodable {
        var config: [Pool]?
    }

    struct Pool: Decodable {
        var subnet: String?
    }
}

struct VolumeList: Decodable {
    var volumes: [Volume]?

    struct Volume: Decodable {
        var name: String
        var labels: [String: String]?
    }
}

struct NewNetwork: Encodable {
    var name: String
    var driver = "bridge"
    var checkDuplicate = true
    var ipam: Pools
    var labels: [String: String]

    enum CodingKeys: String, CodingKey {
        case name, driver, checkDuplicate, labels
        case ipam = "IPAM"
    }

    struct Pools: Encodable {
        var config: [Pool]
    }

    struct Pool: Encodable {
        var subnet: String
    }
}

struct NewVolume: Encodable {
    var name: String
    var labels: [String: String]
}

struct NewContainer: Encodable {
    var image: String
    var hostname: String
    var env = ["container=docker"]
    var stopSignal = "SIGRTMIN+3"
    /// Seconds.
    var stopTimeout = 30
    var labels: [String: String]
    var hostConfig: Host
    var networkingConfig: Networking

    struct Host: Encodable {
        var networkMode: String
        var privileged: Bool
        var capAdd: [String]
        var capDrop: [String]
        var securityOpt = ["seccomp=unconfined", "apparmor=unconfined"]
        // Nothing of /proc and /sys hidden or read-only: the nested engine sets up containers itself.
        var maskedPaths: [String] = []
        var readonlyPaths: [String] = []
        var deviceCgroupRules = ["a *:* rwm"]
        var cgroupnsMode: String
        var tmpfs = ["/run": "", "/run/lock": "", "/tmp": "exec"]
        var binds: [String]
        var mounts: [Mount]
        var restartPolicy = Policy()
        /// Bytes; 0 is no limit.
        var memory: Int64
        /// Billionths of a CPU; 0 is no limit.
        var nanoCpus: Int64
    }

    struct Mount: Encodable {
        var type = "volume"
        var source: String
        var target: String
    }

    struct Policy: Encodable {
        /// The host is back after a reboot of this machine, unless it was stopped before.
        var name = "unless-stopped"
    }

    struct Networking: Encodable {
        var endpointsConfig: [String: Attachment]
    }
}
