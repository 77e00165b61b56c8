// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import SwarmCore

/// Calls a host's engine, or the manager, through the network with the operator's certificate.
///
/// Paths have no version: no API version is offered by all engines from 20.10 to today's, and these calls mean the same
/// in all of them.
struct EngineClient {
    let sender: any HTTPSending
    /// What TLS verifies: the address that is registered.
    let endpoint: EngineEndpoint
    /// Where to connect when that is not ``endpoint``.
    let connectTo: EngineEndpoint?
    let identity: ClientIdentity
    let deadline: Deadline

    /// An answer that is no success.
    struct Refused: Error {
        var call: String
        var status: Int
        var reason: String
    }

    /// `GET /_ping`.
    func ping() async throws {
        _ = try await call("GET", "/_ping")
    }

    /// The engine's version, from `GET /version`.
    func version() async throws -> EngineVersion? {
        let reply = try await json("GET", "/version")
        guard case .string(let text)? = reply["Version"] else {
            return nil
        }
        return EngineVersion(parsing: text)
    }

    /// The pairs under `SystemStatus`, or `DriverStatus` where the manager offers only that.
    func systemStatus() async throws -> [(name: String, value: String)] {
        let information = try await json("GET", "/info")
        let status = [information["SystemStatus"], information["DriverStatus"]].compactMap(\.self).first { $0 != .null }
        guard case .array(let pairs)? = status else {
            return []
        }
        return pairs.compactMap { pair in
            pair.strings.flatMap { $0.count == 2 ? (name: $0[0], value: $0[1]) : nil }
        }
    }

    /// Whether the engine has an image of this name.
    func hasImage(_ tag: String) async throws -> Bool {
        try await found { _ = try await call("GET", "/images/\(tag)/json") } != nil
    }

    /// Sends an image, streamed from its file.
    func load(_ image: SwarmdImage) async throws {
        let path = image.isLayer ? Self.importPath(image) : "/images/load?quiet=1"
        let reply = try await call(
            "POST",
            path,
            headers: [HTTPHeader("Content-Type", "application/x-tar")],
            body: .file(path: image.path)
        )
        // The status is sent before the work is done, so a failure comes as the last line.
        let lines = reply.text.split(whereSeparator: \.isNewline).map(String.init)
        for line in lines {
            if case .string(let reason)? = (try? JSONParser.parse(line))?["error"] {
                throw Refused(call: "POST \(path)", status: 200, reason: reason)
            }
        }
    }

    /// What makes an image of a layer; it runs the program, as the image of an archive does.
    private static func importPath(_ image: SwarmdImage) -> String {
        let name = image.tag.split(separator: ":", maxSplits: 1)
        let entrypoint = "ENTRYPOINT%20%5B%22%2Fswarmd%22%5D"
        return "/images/create?fromSrc=-&repo=\(name.first ?? "")&tag=\(name.last ?? "")&changes=\(entrypoint)"
    }

    /// The tags of images whose name is `name`.
    func tags(of name: String) async throws -> [String] {
        let filter = #"%7B%22reference%22%3A%5B%22\#(name)%22%5D%7D"#
        guard case .array(let images) = try await json("GET", "/images/json?filters=\(filter)") else {
            return []
        }
        return images.flatMap { $0["RepoTags"]?.strings ?? [] }
    }

    /// Removes a tag; an image that a container uses, or that is not there, stays as it is.
    func removeImage(_ tag: String) async throws {
        do {
            _ = try await call("DELETE", "/images/\(tag)")
        } catch let error as Refused where error.status == 409 || error.status == 404 {
            return
        }
    }

    /// A container's description; `nil` when there is none of this name.
    func inspect(_ name: String) async throws -> JSONValue? {
        try await found { try await json("GET", "/containers/\(name)/json") }
    }

    func create(_ name: String, _ description: JSONValue) async throws {
        _ = try await call(
            "POST",
            "/containers/create?name=\(name)",
            headers: [HTTPHeader("Content-Type", "application/json")],
            body: .bytes(Array(description.text().utf8))
        )
    }

    /// Starts a container; one that runs is left alone.
    func start(_ name: String) async throws {
        _ = try await call("POST", "/containers/\(name)/start")
    }

    /// Asks a container to end and waits for it; one that is not there counts as ended.
    ///
    /// - Parameters:
    ///   - name: the container.
    ///   - grace: seconds until it is killed.
    /// - Throws: ``Refused``, or `HTTPError`.
    func stop(_ name: String, grace: Int) async throws {
        _ = try await found { _ = try await call("POST", "/containers/\(name)/stop?t=\(grace)") }
    }

    /// Ends and removes a container; one that is not there counts as removed.
    func remove(_ name: String) async throws {
        _ = try await found { _ = try await call("DELETE", "/containers/\(name)?force=1&v=1") }
    }

    /// The last lines that a container wrote.
    func lastLines(of name: String) async throws -> String {
        let reply = try await call("GET", "/containers/\(name)/logs?stdout=1&stderr=1&tail=3")
        return Self.text(ofFrames: reply.body)
    }

    /// The text of a stream in the engine's framing: eight bytes, of which the last four are the length, then the text.
    static func text(ofFrames bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= 8 {
            let header = Array(rest.prefix(8))
            let length = header[4...].reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(8)
            text += rest.prefix(length)
            rest = rest.dropFirst(length)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func found<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as Refused where error.status == 404 {
            return nil
        }
    }

    private func json(_ method: String, _ path: String) async throws -> JSONValue {
        let reply = try await call(method, path)
        do {
            return try JSONParser.parse(reply.text)
        } catch {
            throw Refused(call: "\(method) \(path)", status: reply.status, reason: "no JSON: \(error.text)")
        }
    }

    private func call(
        _ method: String,
        _ path: String,
        headers: [HTTPHeader] = [],
        body: HTTPBody = .none
    ) async throws -> HTTPResponse {
        var request = HTTPRequest(
            method,
            endpoint.url + path,
            deadline: deadline
        )
        request.headers = headers
        request.body = body
        request.connectTo = connectTo.map { String($0.url.dropFirst("https://".count)) }
        request.tls = TLSOptions(
            authorityFile: identity.authorityPath,
            certificateFile: identity.certificatePath,
            keyFile: identity.keyPath
        )
        let reply = try await sender.send(request)
        guard reply.isSuccess || reply.status == 304 else {
            var reason = reply.text
            if case .string(let message)? = (try? JSONParser.parse(reply.text))?["message"] {
                reason = message
            }
            throw Refused(call: "\(method) \(path)", status: reply.status, reason: reason)
        }
        return reply
    }
}
