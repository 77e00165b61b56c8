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
        abstract: "Issue, revoke and look at certificates",
        subcommands: [CertificateListCommand.self, CertificateIssueCommand.self, CertificateRevokeCommand.self]
    )

    package init() {}
}

/// `swarmctl certs ls`: the certificates of the store and when they end.
package struct CertificateListCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "ls",
        abstract: "List the certificates of the store and when they end",
        discussion: """
            The authority, the operator's own certificate, and the latest one that was issued to each node and user; \
            with --all, every one that was ever issued.
            """,
        examples: ["swarmctl certs ls", "swarmctl certs ls lab --format json"],
        exitStatus: "10 no such cluster"
    )

    @Argument(help: "Cluster; all unless given.")
    package var cluster: String?

    @Flag(name: .shortAndLong, help: "Show also what was replaced by a later certificate.")
    package var all = false

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let clusters = try cluster.map { [try context.store.cluster($0).name] } ?? context.store.clusterNames()
        let entries = try clusters.flatMap { try list($0, in: context) }
        if output.format == .json {
            return try context.terminal.output(json: entries)
        }
        var table = TextTable("CLUSTER", "CERTIFICATE", "STATE", "DAYS LEFT", "ENDS", "SERIAL", "SUBJECT")
        for entry in entries {
            let end = CalendarDate(secondsSince1970: entry.notAfter).description
            table.append([
                entry.cluster, entry.role, entry.state, "\(entry.daysLeft)", end, entry.serial, entry.subject,
            ])
        }
        context.terminal.output(table)
    }

    /// One certificate; the names of the members are those of its JSON.
    private struct Entry: Encodable {
        var cluster: String
        /// `authority`, `operator`, `node` or `user`.
        var role: String
        /// `valid`, `ending` (in less than 30 days), `ended` or `revoked`.
        var state: String
        var subject: String
        var serial: String
        var notBefore: Int
        var notAfter: Int
        var daysLeft: Int
        /// Of those that are in the store only.
        var fingerprint: String?
        var file: String?
    }

    private func list(_ cluster: String, in context: CommandContext) throws -> [Entry] {
        let folder = context.store.pkiFolder(of: cluster)
        let files = [("authority", "\(folder)/ca.pem"), ("operator", "\(folder)/cert.pem")]
        let stored = try files.filter { AtomicFile.exists($0.1) }.flatMap { role, path in
            try Certificate.all(in: AtomicFile.read(path)).map { (role, path, $0) }
        }
        let known = Set(stored.map(\.2.serial))
        return stored.map { role, path, certificate in
            Entry(
                cluster: cluster,
                role: role,
                state: state(notAfter: certificate.notAfter, revokedAt: nil, now: context.now()),
                subject: certificate.subject.description,
                serial: certificate.serial,
                notBefore: certificate.notBefore,
                notAfter: certificate.notAfter,
                daysLeft: certificate.daysLeft(at: context.now()),
                fingerprint: certificate.fingerprint,
                file: path
            )
        } + (try issued(cluster, in: context).filter { !known.contains($0.serial) })
    }

    private func issued(_ cluster: String, in context: CommandContext) throws -> [Entry] {
        let now = context.now()
        let index = AuthorityStore(folder: context.store.pkiFolder(of: cluster)).index
        let entries = try all ? index.entries() : index.latest()
        return entries.map { entry in
            let end = entry.notAfter - now
            return Entry(
                cluster: cluster,
                role: entry.role == nil ? "node" : "user",
                state: state(notAfter: entry.notAfter, revokedAt: entry.revokedAt, now: now),
                subject: "CN=\(entry.name)" + (entry.role.map { ",OU=\($0)" } ?? "") + ",O=\(cluster)",
                serial: entry.serial,
                notBefore: entry.notBefore,
                notAfter: entry.notAfter,
                daysLeft: end >= 0 ? end / 86400 : (end - 86399) / 86400
            )
        }
    }

    private func state(notAfter: Int, revokedAt: Int?, now: Int) -> String {
        if revokedAt != nil {
            return "revoked"
        }
        guard notAfter >= now else {
            return "ended"
        }
        return notAfter - now < CertificateChecks.warningDays * 86400 ? "ending" : "valid"
    }
}
