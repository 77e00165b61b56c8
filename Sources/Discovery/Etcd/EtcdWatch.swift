// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import NIOHTTP1
internal import SwarmCore

/// One stream of changes, from a revision on.
struct EtcdWatch {
    struct Event {
        let key: String?
        let isDeletion: Bool
    }

    let client: EtcdClient
    let key: String
    /// The first key that is not watched; `nil` watches `key` alone.
    let rangeEnd: String?
    /// The first revision wanted.
    let revision: Int64

    /// How long the server has to begin its answer.
    private static let startTimeout: Duration = .seconds(5)
    /// The wait before the list is asked for again when a stream broke.
    private static let pause: Duration = .milliseconds(200)

    /// Gives events to `handle` until it returns false, nothing has come for `silence`, the stream broke,
    /// or the revision was compacted.
    ///
    /// A stream that broke is no error: the caller asks for the list, and that tells whether the store
    /// answers.
    ///
    /// - Throws: `CancellationError`, or ``DiscoveryError/denied(url:reason:)``.
    func run(silence: Duration, _ handle: ([Event]) async throws -> Bool) async throws {
        let (http, number) = client.endpoints.current
        do {
            try await stream(http, silence: silence, handle)
        } catch is DeadlineExceeded {
            return
        } catch let error as DiscoveryError {
            throw error
        } catch {
            try Task.checkCancellation()
            client.endpoints.demote(number)
            try await ContinuousClock().sleep(for: Self.pause)
        }
    }

    private func stream(
        _ http: HTTPClient,
        silence: Duration,
        _ handle: ([Event]) async throws -> Bool
    ) async throws {
        var create: [(String, JSON)] = [("key", .etcd(key)), ("start_revision", .etcd(revision))]
        if let rangeEnd {
            create.append(("range_end", .etcd(rangeEnd)))
        }
        let body = JSONObject([("create_request", JSONObject(create).json)]).json
        let request = try await client.streamRequest("/v3/watch")
        try await http.withResponse(to: request, body: .json(body), deadline: .after(Self.startTimeout)) { response in
            guard response.status < 400 else {
                let bytes = try await response.collect(limit: 1 << 20)
                client.forget(request.headers.first(name: "Authorization"))
                throw client.refusal(HTTPReply(status: response.status, headers: response.headers, body: bytes))
            }
            var lines = JSONLines()
            while let chunk = try await read(response, silence: silence) {
                for line in try lines.append(chunk) {
                    guard let result = line["result"], result["canceled"]?.bool != true else {
                        return
                    }
                    let events = (result["events"]?.elements ?? []).map(Self.event)
                    if !events.isEmpty, try await !handle(events) {
                        return
                    }
                }
            }
        }
    }

    private func read(_ response: HTTPResponse, silence: Duration) async throws -> ByteBuffer? {
        try await withDeadline(.after(silence), operation: "watching \"\(client.url)\"") { try await response.read() }
    }

    private static func event(_ json: JSON) -> Event {
        Event(key: json["kv"]?.etcdText("key"), isDeletion: json["type"]?.string == "DELETE")
    }
}
