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

    /// Returns `nil` when the versions of the API are not there.
    package init?(_ json: JSON) {
        guard let highest = json["ApiVersion"]?.string.flatMap({ APIVersion($0) }) else {
            return nil
        }
        // Engines before 1.12 did not say what their lowest version is.
        let lowest = json["MinAPIVersion"]?.string.flatMap { APIVersion($0) } ?? APIVersion(major: 1, minor: 12)
        apiVersions = APIVersionRange(lowest: min(lowest, highest), highest: highest)
        version = json["Version"]?.string ?? ""
        operatingSystem = json["Os"]?.string ?? ""
        architecture = json["Arch"]?.string ?? ""
        kernelVersion = json["KernelVersion"]?.string ?? ""
        raw = json.detached
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
    /// The whole answer.
    package let raw: JSON

    /// Reads an answer; fields that are missing are empty or 0.
    package init(_ json: JSON) {
        id = json["ID"]?.string ?? ""
        name = json["Name"]?.string ?? ""
        serverVersion = json["ServerVersion"]?.string ?? ""
        cpus = max(0, json["NCPU"]?.int ?? 0)
        memory = max(0, Int64(json["MemTotal"]?.int ?? 0))
        operatingSystem = json["OperatingSystem"]?.string ?? ""
        osType = json["OSType"]?.string ?? "linux"
        architecture = json["Architecture"]?.string ?? ""
        kernelVersion = json["KernelVersion"]?.string ?? ""
        storageDriver = json["Driver"]?.string ?? ""
        executionDriver = json["ExecutionDriver"]?.string ?? ""
        var labels: [String: String] = [:]
        for label in json["Labels"]?.strings ?? [] {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            labels[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        self.labels = labels
        raw = json.detached
    }
}
