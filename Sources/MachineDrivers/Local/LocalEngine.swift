// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
internal import Machines
internal import SwarmCore

/// Calls the API of the engine that runs our hosts.
///
/// Paths carry no version, so that each engine answers in its newest: the fields used here are the
/// same in all of them, and engines have dropped old versions before.
struct LocalEngine: Sendable {
    let http: any HTTPSending
    let endpoint: EngineEndpoint
    /// The machine that messages name.
    let machine: String

    /// Whether an engine answers.
    ///
    /// - Throws: `CancellationError` only.
    func answers() async throws -> Bool {
        do {
            return try await http.send(request("GET", "/_ping", timeout: .seconds(5))).isSuccess
        } catch is HTTPError {
            return false
        }
    }

    /// Makes a call and reads its answer; `nil` for 404.
    func find<Answer: Decodable>(_ path: String, _ query: [String: String] = [:]) async throws -> Answer? {
        let response = try await exchange(request("GET", path, query))
        guard response.status != 404 else {
            return nil
        }
        return try decode(check(response, "GET", path))
    }

    /// Makes a call and reads its answer.
    func get<Answer: Decodable>(_ path: String, _ query: [String: String] = [:]) async throws -> Answer {
        try decode(check(await exchange(request("GET", path, query)), "GET", path))
    }

    /// Makes a call that changes something.
    ///
    /// - Parameters:
    ///   - method: of HTTP.
    ///   - path: below the engine's root.
    ///   - query: parameters.
    ///   - body: sent as JSON.
    ///   - accepted: statuses beside 200 to 299 that count as success too.
    ///   - timeout: how long the engine may take.
    /// - Returns: the response.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``.
    @discardableResult
    func change(
        _ method: String,
        _ path: String,
        _ query: [String: String] = [:],
        body: (any Encodable & Sendable)? = nil,
        accepting accepted: Set<Int> = [],
        timeout: Duration = .seconds(120)
    ) async throws -> HTTPResponse {
        var request = request(method, path, query, timeout: timeout)
        if let body {
            request.headers = [HTTPHeader("Content-Type", "application/json")]
            request.body = .bytes(try EngineJSON.encode(body))
        }
        let response = try await exchange(request)
        return accepted.contains(response.status) ? response : try check(response, method, path)
    }

    /// Unpacks `archive`, a tar, at the root of a container.
    func put(_ archive: [UInt8], intoContainer id: String) async throws {
        let path = "/containers/\(id)/archive"
        var request = request("PUT", path, ["path": "/"])
        request.headers = [HTTPHeader("Content-Type", "application/x-tar")]
        request.body = .bytes(archive)
        _ = try check(await exchange(request), "PUT", path)
    }

    /// An error of this driver about this machine.
    func problem(_ text: String, _ kind: ErrorKind, isTransient: Bool = false) -> MachineError {
        .provider(driver: "local", machine: machine, problem: text, kind: kind, isTransient: isTransient)
    }

    func decode<Answer: Decodable>(_ response: HTTPResponse) throws -> Answer {
        do {
            return try EngineJSON.decode(Answer.self, from: response.body)
        } catch is DecodingError {
            throw problem("the engine at \(endpoint) gave an answer that is not understood", .failed)
        }
    }

    private func request(
        _ method: String,
        _ path: String,
        _ query: [String: String] = [:],
        timeout: Duration = .seconds(60)
    ) -> HTTPRequest {
        let host =
            switch endpoint {
            case .unix: "engine"
            case .tcp(let authority): authority
            }
        let parameters = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escape($0.value))" }
        let suffix = parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
        var request = HTTPRequest(method, "http://\(host)\(path)\(suffix)", deadline: .after(timeout))
        if case .unix(let socket) = endpoint {
            request.unixSocket = socket
        }
        request.usesProxy = false
        return request
    }

    private func exchange(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await http.send(request)
        } catch let error as HTTPError {
            throw problem("the engine at \(endpoint): \(error.message)", error.kind, isTransient: error.isTransient)
        }
    }

    private func check(_ response: HTTPResponse, _ method: String, _ path: String) throws -> HTTPResponse {
        guard !response.isSuccess else {
            return response
        }
        let said = try? EngineJSON.decode(EngineMessage.self, from: response.body).message
        let kind: ErrorKind =
            switch response.status {
            case 404: .notFound
            case 409: .conflict
            case 401, 403: .denied
            default: .failed
            }
        throw problem(
            "\(said ?? "\(method) \(path) gave status \(response.status)")",
            kind,
            isTransient: response.status == 503
        )
    }

    /// Escapes what has a meaning in a query (RFC 3986).
    private static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}
