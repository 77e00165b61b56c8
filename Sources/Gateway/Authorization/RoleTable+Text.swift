// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOHTTP1

/// The table for people and for programs.
extension RoleTable {
    /// The kinds of callers, as columns.
    package static let columns: [(name: String, standing: Caller.Standing)] = [
        ("admin", .role(.admin)), ("operator", .role(.operator)), ("viewer", .role(.viewer)),
        ("ns:NAME", .role(.namespace("NAME"))), ("node", .node),
    ]

    /// `METHOD`, pattern and grants, separated by tabs; a line for each rule.
    package static var tabs: String {
        rules.map { rule in
            ([rule.method.rawValue, rule.pattern] + columns.map { rule.kind.grant($0.standing).rawValue })
                .joined(separator: "\t")
        }.joined(separator: "\n")
    }

    /// A table in Markdown.
    package static var markdown: String {
        let head = ["route"] + columns.map(\.name)
        let lines = rules.map { rule in
            ["`\(rule.method.rawValue) /\(rule.pattern)`"] + columns.map { rule.kind.grant($0.standing).rawValue }
        }
        let rows = [head, head.map { _ in "---" }] + lines
        return rows.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }
}
