// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// Step 5: the node's certificate.
///
/// The key is made on the host and never leaves it.
struct CertificateStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// Why a new certificate is needed; `nil` when the one that is there will do.
    func plan(_ facts: HostFacts) -> String? {
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
        // The authority's file alone may be what changes, while the CA is being replaced.
        return LookStep.trimmed(certificate.authority ?? "") == LookStep.trimmed(request.authority)
            ? nil : "make a new key and certificate: the CA is another"
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
            ["certificate": LookStep.trimmed(certificate), "authority": LookStep.trimmed(request.authority)],
            step: .certificates
        )
        return certificate
    }

    /// A value of a subject as `openssl req -subj` takes it.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { $0 += $1 == "/" || $1 == "\\" ? "\\\($1)" : "\($1)" }
    }
}
