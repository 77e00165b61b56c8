// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import Provisioning
internal import SwarmCore

/// What cloud-init does at a host's first boot: our host key and our login key, from the first contact on.
package struct CloudInit: Sendable {
    private let environment: [String: String]

    /// - Parameter environment: of the process; `SWARMCTL_TEMPLATES` is looked up there.
    package init(environment: [String: String]) {
        self.environment = environment
    }

    /// The user data of a machine: cloud-config, or cloud-config and the user's own, in parts.
    ///
    /// Holds the host's private key: never log it.
    ///
    /// - Parameters:
    ///   - request: the machine.
    ///   - user: who logs in; made with the right to use sudo unless it is root.
    ///   - extra: the path of the user's own user data, as given with a driver's flag; empty for none.
    /// - Returns: text that cloud-init takes.
    /// - Throws: `TemplateError`, or `FileError` for `extra`.
    package func userData(for request: MachineRequest, user: String, extra: String? = nil) throws -> String {
        let ours = try TemplateSource.find(environment: environment).render(
            "cloud-init/user-data.yaml",
            [
                "hostPrivateKey": request.hostKey.privateKey,
                "hostPublicKey": request.hostKey.publicKey,
                "authorizedKey": request.authorizedKey,
                "hostname": request.name,
                "user": user,
                "isOrdinary": user != "root",
            ]
        ).drop { $0.isNewline }
        guard let extra, !extra.isEmpty else {
            return String(ours)
        }
        return Self.parts([String(ours), try AtomicFile.readText(extra, limit: 64 << 10)])
    }

    /// The meta data of a machine, for a seed that we make ourselves (NoCloud).
    ///
    /// - Throws: `TemplateError`.
    package func metaData(for request: MachineRequest) throws -> String {
        let text = try TemplateSource.find(environment: environment)
            .render("cloud-init/meta-data.yaml", ["id": request.id, "hostname": request.name])
        return String(text.drop { $0.isNewline })
    }

    /// Several parts as one multipart message; their first lines tell cloud-init what each is.
    static func parts(_ parts: [String]) -> String {
        // Not in any part: base64 has no "=" in the middle of a line, nor "_".
        let boundary = "==_swarmctl_=="
        let bodies = parts.map { part in
            """
            --\(boundary)
            Content-Type: \(part.hasPrefix("#!") ? "text/x-shellscript" : "text/cloud-config")
            MIME-Version: 1.0
            Content-Transfer-Encoding: base64

            \(Data(part.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed]))

            """
        }
        return """
            Content-Type: multipart/mixed; boundary="\(boundary)"
            MIME-Version: 1.0

            \(bodies.joined())--\(boundary)--

            """
    }
}
