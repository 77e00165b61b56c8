// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import Machines
internal import SwarmCore

/// Calls EC2's Query API (version 2016-11-15) for one machine.
struct EC2Client: Sendable {
    let client: CloudClient
    let signer: SigV4
    /// Seconds since 1970, UTC.
    let now: @Sendable () -> Int

    private static let version = "2016-11-15"

    /// Makes a call.
    ///
    /// Every call of the driver changes nothing more when it is made again: by a client token, by a name that is
    /// unique, or by its nature.
    ///
    /// - Parameters:
    ///   - action: as `RunInstances`.
    ///   - parameters: in EC2's flat form: `Filter.1.Name`.
    ///   - accepted: error codes that are no error.
    /// - Returns: the answer; `nil` for one of the accepted codes.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``.
    @discardableResult
    func call(
        _ action: String,
        _ parameters: [(String, String)] = [],
        accepting accepted: Set<String> = []
    ) async throws -> XMLElement? {
        let response = try await client.send(try request(action, parameters))
        let document = XMLElement(parsing: response.body)
        if response.isSuccess {
            guard let document else {
                throw client.problem("\(action): the answer is not understood", .failed)
            }
            return document
        }
        let error = document?["Errors"]?["Error"] ?? document?["Error"]
        let code = error?.text("Code") ?? ""
        if accepted.contains(code) {
            return nil
        }
        throw refused(action, response, code, error?.text("Message"))
    }

    /// All items of a list, page by page.
    func list(_ action: String, _ set: String, _ parameters: [(String, String)]) async throws -> [XMLElement] {
        var items: [XMLElement] = []
        var page: String?
        repeat {
            let answer = try await call(action, parameters + (page.map { [("NextToken", $0)] } ?? []))
            items += answer?.items(set) ?? []
            page = answer?.text("nextToken")
        } while page != nil
        return items
    }

    private func request(_ action: String, _ parameters: [(String, String)]) throws -> HTTPRequest {
        let form = ([("Action", action), ("Version", Self.version)] + parameters)
            .map { "\(CloudClient.escape($0.0))=\(CloudClient.escape($0.1))" }
            .joined(separator: "&")
        let time = UTCTime(seconds: now())
        let host = client.base.drop { $0 != "/" }.drop { $0 == "/" }
        var signed = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", String(host)),
            ("x-amz-date", time.compact),
        ]
        if let token = signer.credentials.sessionToken {
            signed.append(("x-amz-security-token", token))
        }
        let body = Array(form.utf8)
        var request = HTTPRequest("POST", client.base + "/", deadline: .after(.seconds(60)))
        request.headers = signed.filter { $0.0 != "host" }.map { HTTPHeader($0.0, $0.1) }
        let authorization = try signer.authorization(
            method: "POST",
            path: "/",
            query: [],
            headers: signed,
            body: body,
            at: time
        )
        request.headers.append(HTTPHeader("Authorization", authorization))
        request.body = .bytes(body)
        request.mayRepeat = true
        return request
    }

    private func refused(_ action: String, _ response: HTTPResponse, _ code: String, _ message: String?) -> MachineError
    {
        let isThrottled = ["RequestLimitExceeded", "Throttling", "RequestThrottled"].contains(code)
        let kind: ErrorKind? =
            switch code {
            case _ where isThrottled: .unreachable
            case "AuthFailure", "UnauthorizedOperation", "InvalidClientTokenId", "SignatureDoesNotMatch",
                "OptInRequired",
                "RequestExpired", "ExpiredToken":
                .denied
            case _ where code.hasSuffix("LimitExceeded") || code.hasPrefix("Insufficient"): .noCapacity
            case _ where code.hasSuffix(".NotFound"): .notFound
            case "DependencyViolation", "IncorrectInstanceState", "InvalidGroup.InUse": .conflict
            default: nil
            }
        var client = client
        client.refusal = { _, _ in
            CloudRefusal(
                code: code,
                message: "\(action): \(message ?? "status \(response.status)")",
                kind: kind,
                isTransient: isThrottled || code == "DependencyViolation" ? true : nil
            )
        }
        return client.refused(response, .null, action)
    }
}
