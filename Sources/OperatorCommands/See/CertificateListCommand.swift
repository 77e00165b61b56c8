// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import PKI
internal import SwarmCore

/// `swarmctl certs`: certificates.
package struct CertificatesCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Look at certificates",
        subcommands: [CertificateListCommand.self]
    )

    package init() {}
}

/// `swarmctl certs ls`: the certificates of the store and when they end.
package struct CertificateListCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "ls",
        abstract: "List the certificates of the store and when they end",
        examples: ["swarmctl certs ls", "swarmctl certs ls lab --format json"],
        exitStatus: "10 no such cluster"
    )

    @Argument(help: "Cluster; all unless given.")
    package var cluster: String?

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let clusters = try cluster.map { [try context.store.cluster($0).name] } ?? context.store.clusterNames()
        let entries = try clusters.flatMap { try list($0, in: context) }
        if output.format == .json {
            return try context.terminal.output(json: entries)
        }
        var table = TextTable("CLUSTER", "CERTIFICATE", "DAYS LEFT", "ENDS", "SUBJECT")
        for entry in entries {
            let end = CalendarDate(secondsSince1970: entry.notAfter).description
            table.append([entry.cluster, entry.role, "\(entry.daysLeft)", end, entry.subject])
        }
        context.terminal.output(table)
    }

    /// One certificate; the names of the members are those of its JSON.
    private struct Entry: Encodable {
        var cluster: String
        /// `authority` or `operator`.
        var role: String
        var subject: String
        var serial: String
        var notBefore: Int
        var notAfter: Int
        var daysLeft: Int
        var fingerprint: String
        var file: String
    }

    private func list(_ cluster: String, in context: CommandContext) throws -> [Entry] {
        let folder = context.store.pkiFolder(of: cluster)
        let files = [("authority", "\(folder)/ca.pem"), ("operator", "\(folder)/cert.pem")]
        return try files.filter { AtomicFile.exists($0.1) }.map { role, path in
            let certificate = try Certificate(pem: AtomicFile.read(path))
            return Entry(
                cluster: cluster,
                role: role,
                subject: certificate.subject.description,
                serial: certificate.serial,
                notBefore: certificate.notBefore,
                notAfter: certificate.notAfter,
                daysLeft: certificate.daysLeft(at: context.now()),
                fingerprint: certificate.fingerprint,
                file: path
            )
        }
    }
}
