// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
internal import PKI
internal import SwarmCore

/// `swarmctl certs issue`: credentials for a person or a machine user.
package struct CertificateIssueCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "issue",
        abstract: "Make a key and a certificate for a person or a machine user",
        discussion: """
            Writes ca.pem, cert.pem and key.pem (0600) into a new folder, which is what DOCKER_CERT_PATH takes, and \
            prints its name. The key is kept nowhere else.
            """,
        examples: [
            "swarmctl certs issue ann --role operator",
            "swarmctl certs issue ci --role ns:ci --days 7 --out ci",
            "swarmctl certs issue guest --role viewer --days 2h",
        ],
        exitStatus: "10 no such cluster; 11 the folder is there already; 14 the authority has ended or is locked"
    )

    @Argument(help: "Whom it is for: the certificate's common name.")
    package var user: String?

    @Option(name: .customLong("for"), help: ArgumentHelp("The same, as a flag.", valueName: "user"))
    package var recipient: String?

    @Option(help: ArgumentHelp("Cluster; the only one unless given.", valueName: "name"))
    package var cluster: String?

    @Option(help: ArgumentHelp("Folder to make (default: USER-CLUSTER here).", valueName: "folder"))
    package var out: String?

    @OptionGroup package var kind: CredentialArguments
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (user == nil) != (recipient == nil) else {
            throw ValidationError("say once whom the certificate is for")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let user = user ?? recipient ?? ""
        let record = try context.store.clusterOrOnly(cluster)
        let folder = out ?? "\(user.replacing("/", with: "-"))-\(record.name)"
        guard !AtomicFile.exists(folder) else {
            throw OperatorError.taken(path: folder)
        }
        let lifecycle = try ClusterLifecycle(context: context.lifecycleContext())
        let credentials = try lifecycle.issue(to: user, role: kind.role, life: kind.days, in: record)
        try credentials.write(to: folder)
        context.terminal.output(folder)
        context.terminal.note("ends on \(CalendarDate(secondsSince1970: credentials.notAfter))")
    }
}

/// `swarmctl certs revoke`: takes a user's certificates back.
package struct CertificateRevokeCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "revoke",
        abstract: "Refuse all certificates of a user from now on",
        discussion: """
            The list of revoked certificates is brought to every host; managers and the fronts of engines read it at \
            the next handshake. Prints the serial numbers. Run it again when a host was not reached.
            """,
        examples: ["swarmctl certs revoke ann", "swarmctl certs revoke ci --cluster lab"],
        exitStatus: "10 no such cluster, or no certificate of that user; 13 a host is not reached"
    )

    @Argument(help: "Whose certificates: their common name.")
    package var user: String

    @Option(help: ArgumentHelp("Cluster; the only one unless given.", valueName: "name"))
    package var cluster: String?

    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let record = try context.store.clusterOrOnly(cluster)
        let serials = try await context.withLifecycle(work) { try await $0.revoke(user, in: record) }
        serials.forEach(context.terminal.output)
    }
}
