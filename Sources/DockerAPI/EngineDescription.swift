// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What `GET /version` tells about an engine.
package struct EngineVersion: Sendable {
    package let version: String
    package let apiVersions: APIVersionRange
    package let operatingSystem: String
    package let architecture: String
    package let kernelVersion: String
    /// The whole answer.
    package let raw: JSON

    private static let known = SharedValues<JSON, EngineVersion?>(limit: 1024)

    /// Reads an answer; that of many engines of the same version is kept once.
    ///
    /// Returns `nil` when the versions of the API are not there.
    package init?(_ json: JSON) {
        let version = Self.known.value(json) {
            let own = json.detached
            return (own, EngineVersion(reading: own))
        }
        guard let version else {
            return nil
        }
        self = version
    }

    private init?(reading json: JSON) {
        let fields = json.fields
        guard let highest = fields["ApiVersion"]?.string.flatMap({ APIVersion($0) }) else {
            return nil
        }
        // Engines before 1.12 did not say what their lowest version is.
        let lowest = fields["MinAPIVersion"]?.string.flatMap { APIVersion($0) } ?? APIVersion(major: 1, minor: 12)
        apiVersions = APIVersionRange(lowest: min(lowest, highest), highest: highest)
        version = fields["Version"]?.string ?? ""
        operatingSystem = fields["Os"]?.string ?? ""
        architecture = fields["Arch"]?.string ?? ""
        kernelVersion = fields["KernelVersion"]?.string ?? ""
        raw = json
    }
}

/// What `GET /info` tells about an engine.
package struct EngineInfo: Sendable {
    package let id: String
    package let name: String
    package let serverVersion: String
    /// Number of CPUs.
    package let cpus: Int
    /// Memory in bytes.
    package let memory: Int64
    package let operatingSystem: String
    /// `linux` or `windows`.
    package let osType: String
    /// As the kernel names it: `x86_64`, `aarch64`.
    package let architecture: String
    package let kernelVersion: String
    package let storageDriver: String
    /// Empty since engine 1.13.
    package let executionDriver: String
    package let labels: [String: String]
    /// As in `name=seccomp,profile=default`; `nil` when the engine names none.
    package let securityOptions: [String]?
    /// The whole answer.
    package let raw: JSON

    /// Reads an answer; fields that are missing are empty or 0.
    package init(_ json: JSON) {
        let fields = json.fields
        id = fields["ID"]?.string ?? ""
        name = fields["Name"]?.string ?? ""
        serverVersion = fields["ServerVersion"]?.string ?? ""
        cpus = max(0, fields["NCPU"]?.int ?? 0)
        memory = max(0, Int64(fields["MemTotal"]?.int ?? 0))
        operatingSystem = fields["OperatingSystem"]?.string ?? ""
        osType = fields["OSType"]?.string ?? "linux"
        architecture = fields["Architecture"]?.string ?? ""
        kernelVersion = fields["KernelVersion"]?.string ?? ""
        storageDriver = fields["Driver"]?.string ?? ""
        executionDriver = fields["ExecutionDriver"]?.string ?? ""
        var labels: [String: String] = [:]
        for label in fields["Labels"]?.strings ?? [] {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            labels[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        self.labels = labels
        securityOptions = fields["SecurityOptions"]?.strings
        raw = json.detached
    }
}
