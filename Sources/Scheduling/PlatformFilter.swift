// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Compares the platform asked for (`linux/arm64`) with the node's.
package struct PlatformFilter: PlacementFilter {
    package let name = "platform"

    package init() {}

    package func conditions(of request: PlacementRequest) -> [String] {
        request.platform.map { ["platform \($0)"] } ?? []
    }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        guard let platform = request.platform, !platform.isEmpty else {
            return nil
        }
        // A single word is an architecture or an operating system, as for `docker run --platform arm64`.
        let parts = platform.lowercased().split(separator: "/").map(String.init)
        let system = node.labels["ostype"] ?? ""
        let architecture = Self.canonical(node.labels["architecture"] ?? "")
        let fits: Bool
        switch parts.count {
        case 0: fits = true
        case 1: fits = parts[0] == system || Self.canonical(parts[0]) == architecture
        default: fits = parts[0] == system && Self.canonical(parts[1]) == architecture
        }
        return fits ? nil : .fact("platform \(platform) is not the node's", example: "\(system)/\(architecture)")
    }

    /// Engines report the kernel's word (`x86_64`), clients write Go's (`amd64`).
    private static func canonical(_ architecture: String) -> String {
        switch architecture {
        case "x86_64", "x86-64": "amd64"
        case "aarch64": "arm64"
        case "armv7l", "armv6l", "armhf": "arm"
        case "i386", "i686": "386"
        default: architecture
        }
    }
}
