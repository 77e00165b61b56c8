// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import Machines
internal import SwarmCore

/// The services of a cloud, each with the token.
struct OpenStackServices: Sendable {
    var compute: CloudClient
    var network: CloudClient
    var image: CloudClient
}

extension OpenStackDriver {
    func services(_ options: [String: String], _ machine: String) async throws -> OpenStackServices {
        let values = DriverValues(options, of: self)
        var base = try values.required("auth-url")
        base = base.hasSuffix("/") ? String(base.dropLast()) : base
        base = base.hasSuffix("/v3") ? base : base + "/v3"
        var client = CloudClient(
            http: http,
            driver: name,
            machine: machine,
            base: base,
            secrets: ["password", "application-credential-secret"].compactMap { values[$0] },
            tls: TLSOptions(authorityFile: values["cacert"]),
            refusal: Self.refusal
        )
        let session = try await sessions.session(values, client)
        client.secrets.append(session.token)
        client.authorize = { $0.headers.append(HTTPHeader("X-Auth-Token", session.token)) }
        return OpenStackServices(
            compute: try Self.service("compute", client, session),
            network: try Self.service("network", client, session),
            image: try Self.service("image", client, session)
        )
    }

    private static func service(_ type: String, _ client: CloudClient, _ session: KeystoneSession) throws -> CloudClient
    {
        guard let url = session.endpoints[type] else {
            throw client.problem("the catalog has no service \"\(type)\" in this region", .notFound)
        }
        var service = client
        service.base = url
        return service
    }

    @Sendable private static func refusal(_ status: Int, _ body: JSON) -> CloudRefusal? {
        // {"forbidden": {"code": 403, "message": …}} of nova and {"NeutronError": {"type": …, "message": …}}.
        guard let (code, error) = body.members.first(where: { !$0.value["message"].isNull }) else {
            return nil
        }
        let message = error["message"].text ?? ""
        let type = error["type"].text ?? code
        // Nova has no other word for it than this text.
        let isQuota = type == "OverQuota" || (status == 403 && message.hasPrefix("Quota exceeded"))
        let isLimit = status == 413 && type == "overLimit"
        return CloudRefusal(
            code: type,
            message: message,
            kind: isQuota ? .noCapacity : isLimit ? .unreachable : nil,
            isTransient: isLimit ? true : nil
        )
    }
}
