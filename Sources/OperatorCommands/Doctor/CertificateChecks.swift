// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import PKI
internal import SwarmCore

/// Looks at the certificates of one cluster in the store.
struct CertificateChecks {
    /// From here on an end is worth a warning, in days.
    static let warningDays = 30

    let context: CommandContext
    let cluster: String

    /// One verdict for the authority, one for the operator's certificate.
    func verdicts() -> [Verdict] {
        let folder = context.store.pkiFolder(of: cluster)
        guard AtomicFile.exists("\(folder)/ca.pem") else {
            return [
                .failed(cluster, "certificate authority", OperatorError.missingCertificates(folder: folder))
            ]
        }
        let authority: Certificate
        do {
            authority = try Certificate(pem: AtomicFile.read("\(folder)/ca.pem"))
        } catch {
            return [.failed(cluster, "certificate authority", error)]
        }
        return [
            verdict("certificate authority", authority, renewal: "swarmctl rotate certs \(cluster) --ca"),
            operatorVerdict(folder, authority),
        ]
    }

    private func operatorVerdict(_ folder: String, _ authority: Certificate) -> Verdict {
        let check = "operator certificate"
        do {
            let certificate = try Certificate(pem: AtomicFile.read("\(folder)/cert.pem"))
            let key = try PrivateKey(pem: AtomicFile.read("\(folder)/key.pem"))
            guard try certificate.matches(key) else {
                throw PKIError.keyMismatch(certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
            }
            let ended = verdict(check, certificate, renewal: "swarmctl rotate certs \(cluster)")
            guard ended.level != .failed else {
                return ended
            }
            try certificate.verify(against: authority, at: context.now())
            return ended
        } catch {
            return .failed(cluster, check, error)
        }
    }

    private func verdict(_ check: String, _ certificate: Certificate, renewal: String) -> Verdict {
        Self.verdict(cluster, check, certificate, at: context.now(), renewal: renewal)
    }

    /// Judges how long `certificate` is still valid.
    static func verdict(
        _ subject: String,
        _ check: String,
        _ certificate: Certificate,
        at time: Int,
        renewal: String
    ) -> Verdict {
        let days = certificate.daysLeft(at: time)
        let end = CalendarDate(secondsSince1970: certificate.notAfter)
        let hint = "renew it with `\(renewal)`"
        switch days {
        case ..<0: return .failed(subject, check, "it ended on \(end)", hint: hint, kind: .denied)
        case ..<warningDays: return .warning(subject, check, "it ends in \(days) days, on \(end)", hint: hint)
        default: return .ok(subject, check, "valid for \(days) days, until \(end)")
        }
    }
}
