// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Scheduling

extension NodeDevices {
    /// Reads `GenericResources`, `DiscoveredDevices`, `CDISpecDirs` and `Runtimes` of an engine's `/info`.
    init(info: JSON) {
        self.init()
        for resource in info["GenericResources"]?.elements ?? [] {
            if let named = resource["NamedResourceSpec"], let kind = named["Kind"]?.string {
                self.named[kind, default: []].insert(named["Value"]?.string ?? "")
            }
            if let counted = resource["DiscreteResourceSpec"], let kind = counted["Kind"]?.string {
                self.counted[kind] = max(0, counted["Value"]?.int ?? 0)
            }
        }
        for device in info["DiscoveredDevices"]?.elements ?? [] {
            let parts = (device["ID"]?.string ?? "").split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 {
                named[parts[0], default: []].insert(parts[1])
            }
        }
        runtimes = Set(info["Runtimes"].map { JSONObject($0).members.map(\.key) } ?? [])
        hasUnlistedCDI = info["DiscoveredDevices"] == nil && info["CDISpecDirs"]?.elements.isEmpty == false
    }
}
