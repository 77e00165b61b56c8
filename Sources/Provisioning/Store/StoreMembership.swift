// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
internal import SwarmCore

/// Asks the managers' store for its members, and changes them, with the operator's certificate.
package struct StoreMembership: Sendable {
    /// A member as the store knows it.
    package struct Entry: Sendable, Equatable {
        let id: String
        /// Empty until it has started.
        package let name: String
        let peerURLs: [String]

        /// Whether it is the member meant: by its place, since a name is only known once it has started.
        package func isAt(_ member: StoreSpec.Member) -> Bool { peerURLs.contains(member.peerURL) }
        package var isStarted: Bool { !name.isEmpty }
    }

    private let sender: any HTTPSending
    private let identity: ClientIdentity
    /// Any of them may be asked.
    private let servers: [StoreSpec.Member]

    /// How long one server has for an answer.
    private static let callTime = Duration.seconds(5)

    package init(servers: [StoreSpec.Member], identity: ClientIdentity, sender: any HTTPSending = HTTPClient()) {
        self.servers = servers
        self.identity = identity
        self.sender = sender
    }

    /// All members.
    ///
    /// - Throws: ``HTTPError`` when no server answers, ``ProvisionError`` when one answers nonsense.
    package func list() async throws -> [Entry] {
        guard case .array(let members)? = try await call("list", .object([]))["members"] else {
            return []
        }
        return members.map { member in
            Entry(
                id: Self.text(member["ID"]),
                name: Self.text(member["name"]),
                peerURLs: member["peerURLs"]?.strings ?? []
            )
        }
    }

    /// Tells the store of a member that will start.
    package func add(_ member: StoreSpec.Member) async throws {
        _ = try await call("add", .object([.init(key: "peerURLs", value: .strings([member.peerURL]))]))
    }

    /// Takes a member out; its server ends by itself.
    package func remove(_ entry: Entry) async throws {
        _ = try await call("remove", .object([.init(key: "ID", value: .string(entry.id))]))
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text)?: text
        case .number(let text)?: text
        default: ""
        }
    }

    private func call(_ verb: String, _ body: JSONValue) async throws -> JSONValue {
        var failure: (any Error)?
        for server in servers {
            var request = HTTPRequest(
                "POST",
                "\(server.clientURL)/v3/cluster/member/\(verb)",
                deadline: .after(Self.callTime)
            )
            request.body = .bytes(Array(body.text().utf8))
            request.tls = TLSOptions(
                authorityFile: identity.authorityPath,
                certificateFile: identity.certificatePath,
                keyFile: identity.keyPath
            )
            request.usesProxy = false
            do {
                let reply = try await sender.send(request)
                if reply.isSuccess, let json = try? JSONParser.parse(reply.text) {
                    return json
                }
                let reason = "\(reply.status): \(reply.text.prefix(200))"
                failure = ProvisionError(
                    host: server.name,
                    step: .store,
                    cause: .notAnswering(endpoint: server.clientURL, reason: reason, kind: .failed)
                )
            } catch {
                try Task.checkCancellation()
                failure = failure ?? error
            }
        }
        throw failure
            ?? ProvisionError(
                host: "",
                step: .store,
                cause: .notAnswering(endpoint: "the store", reason: "it has no server", kind: .unreachable)
            )
    }
}
