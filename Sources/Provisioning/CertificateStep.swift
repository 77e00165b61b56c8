// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// Step 5: the node's certificate.
///
/// The key is made on the host and never leaves it.
struct CertificateStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// What of the files needs to change.
    enum Need: Equatable {
        /// A new key and certificate, for the reason given.
        case certificate(String)
        /// Only what others are verified with: the authorities' certificates, the list of revoked ones.
        case trust(String)
    }

    /// What is needed; `nil` when all is right.
    func plan(_ facts: HostFacts) -> Need? {
        if let reason = reasonForCertificate(facts) {
            return .certificate(reason)
        }
        guard isTrustRight(facts) else {
            return .trust("renew the CA's certificate")
        }
        guard let list = request.revocations, list != LookStep.trimmed(facts.certificate.revocations ?? "") else {
            return nil
        }
        return .trust("renew the list of revoked certificates")
    }

    /// Whether the host trusts what it has to; an engine reads that only when it starts.
    func isTrustRight(_ facts: HostFacts) -> Bool {
        LookStep.trimmed(facts.certificate.authority ?? "") == LookStep.trimmed(request.authority)
    }

    /// Why a new certificate is needed; `nil` when the one that is there will do.
    private func reasonForCertificate(_ facts: HostFacts) -> String? {
        let certificate = facts.certificate
        if request.renewsCertificate {
            return "make a new key and certificate"
        }
        guard certificate.certificate != nil else {
            return "make a key and a certificate"
        }
        if !certificate.keyMatches {
            return "make a new key and certificate: those there do not belong together"
        }
        if !certificate.isValid {
            return "make a new key and certificate: the one there is not this cluster's, or ends soon"
        }
        if !certificate.missingNames.isEmpty {
            return "make a new key and certificate: \(certificate.missingNames.joined(separator: ", ")) is not in it"
        }
        return nil
    }

    /// Whether nothing but the list of revoked certificates changes, which an engine does not read.
    func isListOnly(_ facts: HostFacts) -> Bool {
        reasonForCertificate(facts) == nil && isTrustRight(facts)
    }

    /// Puts the files in place that others are verified with.
    func applyTrust() async throws {
        _ = try await shell.run("certificates/trust.sh", trustValues, step: .certificates)
    }

    private var trustValues: [String: any Sendable] {
        [
            "authority": LookStep.trimmed(request.authority),
            "revocations": request.revocations ?? "",
            "hasRevocations": request.revocations != nil,
            "restarts": request.front == nil,
        ]
    }

    /// Makes the key on the host, has its request signed here, and puts all files in place.
    ///
    /// - Returns: the certificate in PEM.
    func apply() async throws -> String {
        shell.progress(.certificates, .detail("making the key on the host"))
        let report = try await shell.run(
            "certificates/request.sh",
            ["subject": "/O=\(Self.escaped(request.clusterName))/CN=\(Self.escaped(request.nodeName))"],
            step: .certificates
        )
        guard let text = report.text("request"), text.contains("-----BEGIN CERTIFICATE REQUEST-----") else {
            throw ProvisionError(
                host: request.nodeName,
                step: .certificates,
                cause: .certificateRejected(reason: "the host sent no certificate request")
            )
        }
        let certificate = try await request.sign(text, request.certifiedNames)
        _ = try await shell.run(
            "certificates/install.sh",
            trustValues.merging([
                "certificate": LookStep.trimmed(certificate), "request": LookStep.trimmed(text),
            ]) { $1 },
            step: .certificates
        )
        return certificate
    }

    /// A value of a subject as `openssl req -subj` takes it.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { $0 += $1 == "/" || $1 == "\\" ? "\\\($1)" : "\($1)" }
    }
}
