// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import ClusterLifecycle
internal import Foundation
package import PKI
internal import SwarmCore

/// `90` or `90d`, `12h`, `2m`, `45s`.
extension CertificateLife: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}

/// What credentials for somebody are to be like.
package struct CredentialArguments: ParsableArguments {
    @Option(help: ArgumentHelp("admin, operator, viewer or ns:NAME.", valueName: "role"))
    package var role = "operator"

    @Option(
        help: ArgumentHelp(
            "Life in days, or with a unit as in 12h or 2m, up to 3650 days (default: the cluster's own setting).",
            valueName: "days"
        )
    )
    package var days: CertificateLife?

    package init() {}

    package func validate() throws {
        guard NamespaceName.isRole(role) else {
            throw ValidationError(
                "--role takes admin, operator, viewer or ns:NAME, whose name has 1 to 63 lower case letters, digits, "
                    + "- and _, begins with a letter or digit, and is not \"library\" or \"localhost\"; not \"\(role)\""
            )
        }
    }
}

extension UserCredentials {
    /// Makes `folder`, which is what DOCKER_CERT_PATH takes: with all files in it, or not at all.
    ///
    /// - Throws: `FileError`; ``OperatorError/taken(path:)`` when it is there already.
    func write(to folder: String) throws {
        let path = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let new = "\(path).new-\(UUID().uuidString.prefix(8).lowercased())"
        try AtomicFile.makeFolder(new)
        do {
            try AtomicFile.write(key, to: "\(new)/key.pem", mode: 0o600)
            try AtomicFile.write(authority, to: "\(new)/ca.pem", mode: 0o644)
            try AtomicFile.write(certificate, to: "\(new)/cert.pem", mode: 0o644)
            try FileManager.default.moveItem(atPath: new, toPath: path)
        } catch {
            try? FileManager.default.removeItem(atPath: new)
            throw AtomicFile.exists(path) ? OperatorError.taken(path: folder) : error
        }
    }
}
