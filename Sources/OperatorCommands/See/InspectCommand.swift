// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl inspect`: everything the store knows.
package struct InspectCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "inspect",
        abstract: "Print what is known of a cluster or machine",
        discussion: """
            Prints JSON, or fills a template in Go's template language with it. Nothing is contacted. \
            Functions: json, prettyjson, len, index, eq, ne, lt, le, gt, ge, and, or, not, print, println, \
            join, split, lower, upper, title, truncate, pad.
            """,
        examples: [
            "swarmctl inspect lab-1 --format '{{.address}}'",
            "swarmctl inspect lab --format '{{range .machines}}{{.name}} {{.url}}\\n{{end}}'",
        ],
        exitStatus: "1 the template failed; 10 no such cluster or machine"
    )

    @Argument(help: "Clusters and machines; the only cluster unless given.")
    package var names: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A Go template, or json for all of it.", valueName: "template")
    )
    package var format = "json"

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let template = format == "json" ? nil : try GoTemplate(parsing: format)
        let values = try context.store.targets(names).map { try Self.value(of: $0, in: context.store) }
        if let template {
            for value in values {
                context.terminal.output(try template.render(value))
            }
        } else if values.count == 1 {
            context.terminal.output(values[0].text)
        } else {
            context.terminal.output(JSONValue.array(values).text)
        }
    }

    /// The record, with what follows from it: kind, URL, the folder of certificates, a cluster's machines.
    private static func value(of target: Target, in store: MachineStore) throws -> JSONValue {
        switch target {
        case .machine(let machine):
            return try value(of: machine, kind: target.kind, url: target.knownURL, target, in: store)
        case .cluster(let cluster, let machines):
            let inner = try machines.map { try value(of: .machine($0), in: store) }
            let own = try value(of: cluster, kind: target.kind, url: target.knownURL, target, in: store)
            guard case .object(var members) = own else {
                return own
            }
            members["name"] = .string(cluster.name)
            members["machines"] = .array(inner)
            return .object(members)
        }
    }

    private static func value(
        of record: some Encodable,
        kind: String,
        url: String?,
        _ target: Target,
        in store: MachineStore
    ) throws -> JSONValue {
        guard case .object(var members) = try JSONValue(encoding: record) else {
            return .null
        }
        members["kind"] = .string(kind)
        members["url"] = url.map { .string($0) }
        members["certificates"] = .string(absolute(store.pkiFolder(of: target.clusterName)))
        return .object(members)
    }
}
