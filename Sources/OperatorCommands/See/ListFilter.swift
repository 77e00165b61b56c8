// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A condition of `--filter KEY=VALUE`.
///
/// The same key twice means either, different keys mean both. Values are compared without regard to
/// case; `name` takes a regular expression that may match anywhere.
package struct ListFilter: Sendable {
    private enum Key: String {
        case name, kind, cluster, driver, role, state, label
    }

    private let key: Key
    private let value: String

    /// Reads `KEY=VALUE`.
    ///
    /// - Throws: ``OperatorError/badFilter(text:problem:)``.
    package init(parsing text: String) throws(OperatorError) {
        guard let cut = text.firstIndex(of: "=") else {
            throw .badFilter(text: text, problem: "it has no \"=\"")
        }
        guard let key = Key(rawValue: text[..<cut].lowercased()) else {
            throw .badFilter(text: text, problem: "\"\(text[..<cut])\" is no key")
        }
        self.key = key
        value = String(text[text.index(after: cut)...])
        if key == .name, (try? Regex(value)) == nil {
            throw .badFilter(text: text, problem: "\"\(value)\" is no regular expression")
        }
    }

    private func accepts(_ entry: ListEntry) -> Bool {
        switch key {
        case .name: (try? Regex(value).ignoresCase()).map { entry.name.contains($0) } ?? false
        case .kind: isEqual(entry.kind)
        case .cluster: isEqual(entry.cluster ?? (entry.kind == "cluster" ? entry.name : ""))
        case .driver: isEqual(entry.driver)
        case .role: isEqual(entry.role ?? "")
        case .state: isEqual(entry.state)
        case .label: entry.labels.contains(where: isEqual)
        }
    }

    private func isEqual(_ text: String) -> Bool {
        text.lowercased() == value.lowercased()
    }

    /// The entries that all `filters` take.
    package static func apply(_ filters: [ListFilter], to entries: [ListEntry]) -> [ListEntry] {
        let groups = Dictionary(grouping: filters, by: \.key)
        return entries.filter { entry in
            groups.values.allSatisfy { group in group.contains { $0.accepts(entry) } }
        }
    }
}
