// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import Machines

/// What the tests of all clouds use.
enum CloudTest {
    /// In no error, state or log.
    static let secret = "tok-7f3b9c1d5e8a4260"
    static let hostSecret = "private half of the host key"
    static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGSIjzVyfEtEWdNXSuTWEDAFsuUmUMqaYSSsZ2Rtuxui swarmctl lab"

    static func request(_ options: [String: String]) -> MachineRequest {
        let id = UUID().uuidString.lowercased()
        return MachineRequest(
            name: "lab.x-\(id.prefix(4))",
            id: id,
            cluster: "lab",
            options: options,
            authorizedKey: key,
            hostKey: HostKey(privateKey: "\(hostSecret)\n", publicKey: "ssh-ed25519 AAAA"),
            ports: [22, 2376]
        )
    }

    /// A refusal with a document, and `Retry-After` for a rate limit.
    static func refusal(_ fault: Fault, status: Int, _ document: String) -> HTTPResponse {
        var head = HTTPHead(status: status)
        if case .rateLimited(let seconds) = fault {
            head.headers = [HTTPHeader("Retry-After", "\(seconds)")]
        }
        return HTTPResponse(head: head, body: Array(document.utf8))
    }
}
