// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import PKI
internal import SwarmCore

/// What to say of a cluster's certificates that end soon, or have ended.
struct CertificateWarnings {
    let context: CommandContext

    /// Lines for people, the most urgent first; none when all is right, or nothing can be read.
    func lines(for cluster: String) -> [String] {
        let pki = AuthorityStore(folder: context.store.pkiFolder(of: cluster))
        var ends: [(what: String, notAfter: Int, repair: String)] = []
        if let authorities = try? Certificate.all(in: AtomicFile.read(pki.authorityCertificatePath)) {
            let repair = "swarmctl rotate certs \(cluster) --ca"
            ends += authorities.map { ("the certificate authority", $0.notAfter, repair) }
        }
        if let own = try? Certificate(pem: AtomicFile.read(pki.certificatePath)) {
            ends.append(("the operator's certificate", own.notAfter, "swarmctl rotate certs \(cluster)"))
        }
        let machines = Set((try? context.store.machines(of: cluster).map(\.name)) ?? [])
        for entry in (try? pki.index.latest()) ?? [] where entry.role == nil && machines.contains(entry.name) {
            ends.append(("the certificate of \(entry.name)", entry.notAfter, "swarmctl rotate certs \(cluster)"))
        }
        let now = context.now()
        return
            ends
            .filter { $0.notAfter - now < CertificateChecks.warningDays * 86400 }
            .sorted { ($0.notAfter, $0.what) < ($1.notAfter, $1.what) }
            .map { end in
                let date = CalendarDate(secondsSince1970: end.notAfter)
                let verb = end.notAfter < now ? "ended on" : "ends on"
                return "\(cluster): \(end.what) \(verb) \(date); renew it with `\(end.repair)`"
            }
    }
}
