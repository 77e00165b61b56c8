// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// What gives a container power over its host.
enum HostPower {
    /// Mounts that come from no place on the host that somebody chose.
    private static let plainMounts: Set<String> = ["volume", "tmpfs", "image"]
    private static let plainFileSystems: Set<String> = ["tmpfs", "nfs", "nfs4", "cifs"]
    private static let modes = ["NetworkMode", "PidMode", "IpcMode", "UTSMode", "UsernsMode"]
    private static let lists = ["Devices", "DeviceRequests", "DeviceCgroupRules", "CapAdd", "Annotations"]

    /// Fields that Go reads from `HostConfig`, and at the top when there is none.
    static let references = [
        "Binds", "Mounts", "Links", "VolumesFrom", "NetworkMode", "PidMode", "IpcMode", "Privileged",
    ]

    /// What in a request to create or change a container only an admin may ask for.
    ///
    /// - Parameter config: the whole body, or the `HostConfig` of older starts.
    /// - Returns: in words, for the refusal; `nil` when there is nothing.
    /// - Throws: ``GatewayError/badRequest(_:)`` when an engine would read something else than is checked here.
    static func requested(in config: JSON) throws(GatewayError) -> String? {
        let outer = try GoObject(config)
        // Without `HostConfig` an engine takes its fields from around it.
        for host in [outer, try GoObject(outer["HostConfig"])] {
            if let found = try power(of: host) {
                return found
            }
            for name in ["MaskedPaths", "ReadonlyPaths"] where host[name] != nil {
                return name
            }
            for option in host["SecurityOpt"]?.strings ?? [] where !option.hasPrefix("no-new-privileges") {
                return "the security option \"\(option)\""
            }
            if host.hasContent("CgroupParent") {
                return "a control group of its choice"
            }
            // An engine on an old kernel says so of every container, and so this is looked at here only.
            if host.text("CgroupnsMode") == "host" {
                return "the host's namespace (CgroupnsMode)"
            }
        }
        return nil
    }

    /// What an existing container can do to its host.
    static func present(in inspection: JSON) throws(GatewayError) -> String? {
        if let found = try power(of: try GoObject(inspection["HostConfig"])) {
            return found
        }
        // Also those that came from other containers.
        let bind = inspection["Mounts"]?.elements.first { $0["Type"]?.string == "bind" }
        return bind.map { "a mount of the host's \"\($0["Source"]?.string ?? "")\"" }
    }

    /// Whether a volume is a place on the host in disguise.
    static func requested(driver: String, options: JSON?) throws(GatewayError) -> String? {
        let members = options.map { JSONObject($0) }?.members ?? []
        guard driver.isEmpty || driver == "local" else {
            // What other drivers do with a path only they know.
            let path = members.first { $0.value.string?.hasPrefix("/") ?? true }
            return path.map { "the volume option \"\($0.key)\"" }
        }
        guard !members.isEmpty else {
            return nil
        }
        var values: [String: String] = [:]
        for member in members {
            values[member.key.lowercased()] = member.value.string ?? ""
        }
        if values["type"] == nil, values["device"] == nil, values["o"] == nil {
            return nil
        }
        let flags = (values["o"] ?? "").split(separator: ",")
        guard plainFileSystems.contains(values["type"] ?? ""),
            !flags.contains(where: { ["bind", "rbind", "move", "remount"].contains($0) })
        else {
            return "a volume of the host's \"\(values["device"] ?? "")\""
        }
        return nil
    }

    private static func power(of host: GoObject) throws(GatewayError) -> String? {
        if host["Privileged"]?.bool == true {
            return "a privileged container"
        }
        for name in modes where host.text(name) == "host" {
            return "the host's namespace (\(name))"
        }
        for name in lists where host.hasContent(name) {
            return name
        }
        for bind in host["Binds"]?.strings ?? [] {
            let source = bind.prefix { $0 != ":" }
            if source.count < bind.count, !isVolumeName(source) {
                return "a mount of the host's \"\(source)\""
            }
        }
        for mount in host["Mounts"]?.elements ?? [] {
            if let found = try power(ofMount: try GoObject(mount)) {
                return found
            }
        }
        return nil
    }

    private static func power(ofMount mount: GoObject) throws(GatewayError) -> String? {
        guard plainMounts.contains(mount.text("Type")) else {
            return "a mount of the host's \"\(mount.text("Source"))\""
        }
        let driver = try GoObject(try GoObject(mount["VolumeOptions"])["DriverConfig"])
        return try requested(driver: driver.text("Name"), options: driver["Options"])
    }

    /// As engines tell a volume from a path.
    static func isVolumeName(_ text: Substring) -> Bool {
        let isRest = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "_.-".utf8.contains(byte)
        }
        return isRest && !(text.first.map { "_.-".contains($0) } ?? true)
    }
}
