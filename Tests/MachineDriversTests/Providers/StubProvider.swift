// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import HTTPTransfer
import MachineDrivers
import Synchronization
import Testing

/// A call as a stand-in sees it.
struct StubCall: Sendable {
    var method: String
    var path: String
    var query: [String: String]
    var headers: [HTTPHeader]
    var body: JSON

    /// The path's parts.
    var parts: [String] { path.split(separator: "/").map(String.init) }

    /// `GET servers`: the method and the part of the path at `index`.
    func verb(_ index: Int) -> String { "\(method) \(parts.count > index ? parts[index] : "")" }
}

struct StubAnswer: Sendable {
    var status = 200
    var body: JSON = .null
    var headers: [HTTPHeader] = []
}

/// A provider in memory: answers from its state, and changes it.
protocol StubState: Sendable {
    mutating func answer(_ call: StubCall) -> StubAnswer
}

/// A stand-in for a provider that refuses every request which does not fit the published schema.
///
/// Each fault is an issue of the test too, so that no driver can swallow it.
final class StubProvider<State: StubState>: HTTPSending {
    private let state: Mutex<State>
    private let schema: ProviderSchema
    /// Whether a call is within the schema; tokens, for example, come from elsewhere.
    private let isPublished: @Sendable (StubCall) -> Bool

    init(_ state: sending State, schema: String, isPublished: @escaping @Sendable (StubCall) -> Bool = { _ in true })
        throws
    {
        self.state = Mutex(state)
        self.schema = try ProviderSchema.named(schema)
        self.isPublished = isPublished
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let call = try Self.call(request)
        if isPublished(call) {
            let hasBody = !call.body.isNull
            let faults = schema.faults(
                method: call.method,
                path: call.path,
                query: call.query,
                body: hasBody ? call.body : nil
            )
            if !faults.isEmpty {
                Issue.record("\(call.method) \(call.path): \(faults.joined(separator: "; "))")
                return HTTPResponse(head: HTTPHead(status: 400))
            }
        }
        let answer = state.withLock { $0.answer(call) }
        if isPublished(call) {
            let faults = schema.faults(
                method: call.method,
                path: call.path,
                status: answer.status,
                answer: answer.body
            )
            #expect(faults == [], "the stand-in's answer to \(call.method) \(call.path)")
        }
        let bytes = answer.body.isNull ? [] : try answer.body.bytes()
        return HTTPResponse(head: HTTPHead(status: answer.status, headers: answer.headers), body: bytes)
    }

    private static func call(_ request: HTTPRequest) throws -> StubCall {
        let components = try #require(URLComponents(string: request.url))
        let items = (components.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        var body = JSON.null
        if case .bytes(let bytes) = request.body {
            body = (try? JSON(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
        }
        return StubCall(
            method: request.method,
            path: components.path,
            query: Dictionary(items) { first, _ in first },
            headers: request.headers,
            body: body
        )
    }
}

extension StubAnswer {
    static func ok(_ body: JSON, status: Int = 200) -> StubAnswer { StubAnswer(status: status, body: body) }
    static let nothing = StubAnswer(status: 204)
}
