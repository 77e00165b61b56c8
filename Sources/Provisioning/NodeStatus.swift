// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What a manager says about one node, among the pairs of its `info`.
struct NodeStatus: Equatable {
    var status: String
    var error: String?

    var isHealthy: Bool { status == "Healthy" }
    var text: String { error.map { "\(status): \($0)" } ?? status }

    /// Finds a node by its address.
    ///
    /// A node is a pair ` NAME`, `ADDRESS:PORT`, followed by pairs whose names begin with `  └ `.
    static func find(_ endpoint: EngineEndpoint, in pairs: [(name: String, value: String)]) -> NodeStatus? {
        let address = String(endpoint.url.dropFirst("https://".count))
        guard
            let start = pairs.firstIndex(where: { $0.value == address && $0.name.hasPrefix(" ") && !isDetail($0.name) })
        else {
            return nil
        }
        var found = NodeStatus(status: "unknown", error: nil)
        for pair in pairs[(start + 1)...].prefix(while: { isDetail($0.name) }) {
            switch pair.name.drop(while: { $0 == " " || $0 == "└" }) {
            case "Status": found.status = pair.value
            case "Error" where !pair.value.isEmpty && pair.value != "(none)": found.error = pair.value
            default: break
            }
        }
        return found
    }

    private static func isDetail(_ name: String) -> Bool {
        name.hasPrefix("  ")
    }
}
