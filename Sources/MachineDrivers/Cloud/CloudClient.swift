// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
internal import Machines
internal import SwarmCore

/// How a provider says no.
struct CloudRefusal: Sendable {
    /// The provider's word for the reason, as in `rate_limit_exceeded`.
    var code = ""
    var message: String
    /// When the status does not say it.
    var kind: ErrorKind?
    var isTransient: Bool?
}

/// Calls a provider's JSON API for one machine.
///
/// Each call is made once: only the decorator around ``http`` retries.
struct CloudClient: Sendable {
    let http: any HTTPSending
    let driver: String
    /// The machine that messages name.
    let machine: String
    /// The URL that paths are put behind, without a slash at its end.
    var base: String
    /// Never shown, also when the provider repeats them.
    var secrets: [String] = []
    var tls = TLSOptions()
    /// Puts the credentials into a request.
    var authorize: @Sendable (inout HTTPRequest) async throws -> Void = { _ in }
    /// Reads the provider's error document.
    var refusal: @Sendable (_ status: Int, _ body: JSON) -> CloudRefusal? = { _, _ in nil }

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - method: of HTTP.
    ///   - path: below ``base``, or a whole URL.
    ///   - query: parameters, in order.
    ///   - body: sent as JSON.
    ///   - accepted: statuses beside 200 to 299 that are no error.
    ///   - mayRepeat: whether a method that is not idempotent by itself changes nothing the second time.
    /// - Returns: status and document; ``JSON/null`` for an answer without one.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``, `CancellationError`.
    @discardableResult
    func call(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        body: JSON? = nil,
        accepting accepted: Set<Int> = [],
        mayRepeat: Bool? = nil
    ) async throws -> (status: Int, body: JSON) {
        let url = path.hasPrefix("https://") || path.hasPrefix("http://") ? path : base + path
        let parameters = query.map { "\(Self.escape($0))=\(Self.escape($1))" }.joined(separator: "&")
        var request = HTTPRequest(
            method,
            parameters.isEmpty ? url : "\(url)?\(parameters)",
            deadline: .after(.seconds(60))
        )
        request.headers = [HTTPHeader("Accept", "application/json")]
        request.mayRepeat = mayRepeat
        request.tls = tls
        if let body {
            request.headers.append(HTTPHeader("Content-Type", "application/json"))
            request.body = .bytes(try body.bytes())
        }
        try await authorize(&request)
        let response = try await send(request)
        let document = try? JSON(parsing: response.body)
        guard response.isSuccess || accepted.contains(response.status) else {
            throw refused(response, document ?? .null, "\(method) \(path)")
        }
        guard document != nil || response.body.isEmpty || !response.isSuccess else {
            throw problem("the provider gave an answer that is not understood", .failed)
        }
        return (response.status, document ?? .null)
    }

    /// Makes a `GET`; `nil` for 404.
    func find(_ path: String, query: [(String, String)] = []) async throws -> JSON? {
        let answer = try await call("GET", path, query: query, accepting: [404])
        return answer.status == 404 ? nil : answer.body
    }

    /// Sends `request` as it is.
    ///
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``, `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await http.send(request)
        } catch let error as HTTPError {
            throw problem(error.message, error.kind, isTransient: error.isTransient)
        }
    }

    /// The error for a response that is no success.
    func refused(_ response: HTTPResponse, _ body: JSON, _ call: String) -> MachineError {
        let refusal = refusal(response.status, body)
        let kind: ErrorKind =
            switch response.status {
            case 401, 403: .denied
            case 404, 410: .notFound
            case 409, 412, 423: .conflict
            case 402: .noCapacity
            case 408, 429, 500...: .unreachable
            default: .failed
            }
        let isTransient = [408, 423, 429, 500, 502, 503, 504].contains(response.status)
        let words = refusal.map { $0.code.isEmpty ? $0.message : "\($0.message) (\($0.code))" }
        return problem(
            words ?? "\(call) gave status \(response.status)",
            refusal?.kind ?? kind,
            isTransient: refusal?.isTransient ?? isTransient
        )
    }

    /// An error of this driver about this machine, without secrets and of bounded length.
    func problem(_ text: String, _ kind: ErrorKind, isTransient: Bool = false) -> MachineError {
        // Whole first: of a text that is cut in a secret, the beginning of that would stay.
        var shown = text
        for secret in secrets.filter({ !$0.isEmpty }).sorted(by: { $0.count > $1.count }) {
            for form in [secret, Self.escape(secret)] {
                shown = shown.replacingOccurrences(of: form, with: "[secret]")
            }
        }
        shown = String(shown.prefix(1000))
        return .provider(driver: driver, machine: machine, problem: shown, kind: kind, isTransient: isTransient)
    }

    /// What is left of an answer's member when it is missing.
    func missing(_ what: String) -> MachineError {
        problem("the provider's answer has no \(what)", .failed)
    }

    /// Escapes everything but what RFC 3986 calls unreserved.
    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? text
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )
}
