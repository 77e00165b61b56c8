// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Machines
package import PKI
internal import SwarmCore

/// `swarmctl rotate`: renews what wears out.
package struct RotateCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Renew certificates",
        subcommands: [RotateCertificatesCommand.self]
    )

    package init() {}
}

/// `swarmctl rotate certs`: new certificates for a cluster.
package struct RotateCertificatesCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "certs",
        abstract: "Renew the certificates of a cluster while it works",
        discussion: """
            Every host gets a new key and certificate, and so does the operator; no container stops. With --ca there is \
            a new authority too: first everyone trusts both, then certificates change, then the old one goes; \
            certificates that were issued to others end with it and have to be issued anew. Interrupted at any point, \
            the same command goes on where it was.

            Engines with a front, as `create cluster` makes them, keep every stream. Others are restarted one after \
            the other, because an engine reads certificates only when it starts: their containers go on, and streams \
            through them (exec, attach, logs -f) end. On a terminal it asks.

            Certificates that have ended already are no hindrance: hosts are reached over SSH.
            """,
        examples: ["swarmctl rotate certs lab", "swarmctl rotate certs lab --ca -y"],
        exitStatus:
            "1 several hosts failed for several reasons; 10 no such cluster; 13 a host is not reached; 14 denied"
    )

    @Argument(help: "Cluster; the only one unless given.")
    package var cluster: String?

    @Flag(help: "Replace the authority too.")
    package var ca = false

    @Option(
        help: ArgumentHelp(
            "Life of the new certificates in days, or with a unit as in 12h (default: the cluster's own setting).",
            valueName: "days"
        )
    )
    package var days: CertificateLife?

    @OptionGroup package var confirmation: ConfirmOptions
    @OptionGroup package var work: WorkOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let record = try context.store.clusterOrOnly(cluster)
        let what = ca ? "certificates and authority" : "certificates"
        try confirmation.confirm("Replace the \(what) of the cluster \"\(record.name)\"?", on: context.terminal)
        try await context.withLifecycle(work) { lifecycle in
            try await lifecycle.rotateCertificates(of: record, replacingAuthority: ca, life: days)
        }
        context.terminal.output(record.name)
    }
}
