// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOHTTP1
internal import SwarmCore
internal import Synchronization

/// The HTTP servers of one store: the one that answered last is asked first, the others when it fails.
final class StoreEndpoints: Sendable {
    /// For messages.
    let url: String
    private let clients: [HTTPClient]
    private let preferred = Mutex(0)

    /// How long one server has for an answer, in addition to a wait that it was asked for.
    private static let callTimeout: Duration = .seconds(5)
    /// The longest answer: 20,000 members with generous keys.
    private static let answerLimit = 32 << 20

    /// - Parameters:
    ///   - url: for messages.
    ///   - servers: not empty.
    ///   - tls: `nil` connects without TLS.
    init(url: String, servers: [EngineAddress], tls: TLSContexts?) {
        self.url = url
        clients = servers.map { HTTPClient(address: $0, tls: tls) }
    }

    /// The client to use for a stream, and its number for ``demote(_:)``.
    var current: (client: HTTPClient, number: Int) {
        let number = preferred.withLock { $0 }
        return (clients[number], number)
    }

    /// Asks another server first from now on, unless that has happened already.
    func demote(_ number: Int) {
        preferred.withLock { preferred in
            if preferred == number {
                preferred = (number + 1) % clients.count
            }
        }
    }

    /// Sends a request to one server after the other until one answers with a status below 500.
    ///
    /// A request may so be carried out twice: each one must be safe to repeat.
    ///
    /// - Parameters:
    ///   - request: method, path and header.
    ///   - body: sent with it.
    ///   - wait: how long the server was asked to hold the answer back.
    /// - Returns: the answer, whatever its status below 500.
    /// - Throws: ``DiscoveryError/unreachable(url:reason:)``, or `CancellationError`.
    func reply(to request: HTTPRequest, body: HTTPBody = .none, wait: Duration = .zero) async throws -> HTTPReply {
        var reason = "no server is named"
        for _ in clients {
            let (client, number) = current
            do {
                let reply = try await client.reply(
                    to: request,
                    body: body,
                    limit: Self.answerLimit,
                    deadline: .after(Self.callTimeout + wait)
                )
                guard reply.status >= 500 else {
                    return reply
                }
                reason = HTTPReply.errorMessage(in: reply.body, status: reply.status)
            } catch {
                // A caller that waited no longer is a reason to ask another server first, too.
                demote(number)
                try Task.checkCancellation()
                reason = ErrorReport(error).message
                continue
            }
            demote(number)
        }
        throw DiscoveryError.unreachable(url: url, reason: reason)
    }
}
