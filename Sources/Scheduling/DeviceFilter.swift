// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Turns away nodes without the devices asked for: GPUs (`--gpus`), CDI devices, generic resources.
///
/// Engines share devices between containers, so that none are counted as taken.
package struct DeviceFilter: PlacementFilter {
    package let name = "device"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] {
        request.devices.map { "device \($0.description)" }
    }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        request.devices.first { !node.devices.satisfy($0) }.map {
            .fact("device \($0.description) is missing", example: "has \(node.devices.description)")
        }
    }
}

/// One element of a container's `DeviceRequests`.
package struct DeviceRequest: Sendable, Hashable {
    /// `nvidia`, `cdi`, or empty for any that has the capabilities.
    package var driver: String
    /// How many; -1 for all there are, and then at least one.
    package var count: Int
    /// The only devices that will do; empty for any.
    package var ids: [String]
    /// Alternatives, of each of which all must be there.
    package var capabilities: [[String]]

    package init(driver: String = "", count: Int = 0, ids: [String] = [], capabilities: [[String]] = []) {
        self.driver = driver
        self.count = count
        self.ids = ids
        self.capabilities = capabilities
    }

    /// `gpu`, `2 × gpu`, `nvidia.com/gpu=0`.
    var description: String {
        guard ids.isEmpty else {
            return ids.joined(separator: ", ")
        }
        let kinds = kinds.sorted().joined(separator: " or ")
        return count > 1 ? "\(count) × \(kinds)" : kinds
    }

    /// What is wanted, in one word an alternative.
    var kinds: Set<String> {
        let words = capabilities.compactMap { words in
            let words = words.map { $0.lowercased() }
            // The other words (`nvidia`, `compute`, `utility`) say what for.
            return words.contains("gpu") ? "gpu" : words.first
        }
        return words.isEmpty ? [driver.isEmpty || driver == "nvidia" ? "gpu" : driver] : Set(words)
    }
}

/// The devices of a node, as far as its engine tells.
package struct NodeDevices: Sendable, Equatable {
    /// Values by kind: `0` and `1` of `nvidia.com/gpu`, ids of the generic resource `NVIDIA-GPU`.
    package var named: [String: Set<String>] = [:]
    /// Generic resources that have a number only, by kind.
    package var counted: [String: Int] = [:]
    /// The runtimes of the engine; `nvidia` stands for GPUs nobody has counted.
    package var runtimes: Set<String> = []
    /// Whether CDI devices may be there that the engine does not list, as those before version 28 do not.
    package var hasUnlistedCDI = false

    package init() {}

    func satisfy(_ request: DeviceRequest) -> Bool {
        if request.driver == "cdi" {
            return request.ids.allSatisfy { hasCDI($0) }
        }
        return request.kinds.contains { kind in
            let values = named.filter { Self.isKind($0.key, kind) }.reduce(into: Set()) { $0.formUnion($1.value) }
            let known = counted.filter { Self.isKind($0.key, kind) }.reduce(values.count) { $0 + $1.value }
            guard known > 0 else {
                return kind == "gpu" && runtimes.contains("nvidia")
            }
            return known >= max(1, request.count)
                && request.ids.allSatisfy { values.contains($0) || Int($0).map { $0 < known } ?? values.isEmpty }
        }
    }

    /// What there is, for an error.
    var description: String {
        let kinds = named.map { "\($0.value.count) × \($0.key)" } + counted.map { "\($0.value) × \($0.key)" }
        let all = kinds.sorted() + (runtimes.contains("nvidia") ? ["the runtime nvidia"] : [])
        return all.isEmpty ? "none" : all.joined(separator: ", ")
    }

    /// Whether `nvidia.com/gpu=0`, or any of a kind for `nvidia.com/gpu=all`, is there.
    private func hasCDI(_ name: String) -> Bool {
        let parts = name.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let values = named[parts[0]] else {
            return hasUnlistedCDI
        }
        return parts[1] == "all" || values.contains(parts[1])
    }

    /// Whether `NVIDIA-GPU` or `nvidia.com/gpu` is a `gpu`.
    private static func isKind(_ name: String, _ kind: String) -> Bool {
        let name = name.lowercased()
        return name == kind || name.split { !$0.isLetter && !$0.isNumber }.contains { $0 == kind }
    }
}
