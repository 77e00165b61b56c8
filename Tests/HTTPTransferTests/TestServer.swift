// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmCore
import Testing

/// A run of `http_server.py`, ended when the value is freed.
final class TestServer: Sendable {
    /// Where it listens: `http://127.0.0.1:PORT`, `https://…`, or `http://engine` for a socket.
    let url: String
    let port: Int
    private let input: Pipe

    /// Starts a server and waits until it listens.
    static func start(_ arguments: [String] = []) async throws -> TestServer {
        // Waiting would hold a thread of the shared pool, and delay every test that measures time.
        try await runBlocking { try TestServer(arguments) }
    }

    private init(_ arguments: [String]) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", folder.appendingPathComponent("Fixtures/http_server.py").path] + arguments
        let output = Pipe()
        input = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.filter { !$0.isWhitespace }), "the server did not start")
        let scheme = arguments.contains("--tls") ? "https" : "http"
        url = port == 0 ? "http://engine" : "\(scheme)://127.0.0.1:\(port)"
    }

    deinit {
        // The server ends when its input does.
        try? input.fileHandleForWriting.close()
    }
}

/// A folder for one test, removed when the value is freed.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "swarmctl-http-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Runs openssl in the folder.
    func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }

    /// Makes the authority `NAME.pem`, `NAME-key.pem`.
    func makeAuthority(_ name: String) throws {
        try openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=\(name)",
            "-keyout",
            "\(name)-key.pem",
            "-out",
            "\(name).pem"
        )
    }

    /// Makes the certificate `NAME.pem`, `NAME-key.pem`, signed by an authority of this folder.
    func makeCertificate(_ name: String, by authority: String, names: String, days: Int = 2) throws {
        try openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=\(name)",
            "-keyout",
            "\(name)-key.pem",
            "-out",
            "\(name).csr"
        )
        try Data("subjectAltName=\(names)\n".utf8).write(to: URL(fileURLWithPath: file("\(name).ext")))
        try openssl(
            "x509",
            "-req",
            "-in",
            "\(name).csr",
            "-CA",
            "\(authority).pem",
            "-CAkey",
            "\(authority)-key.pem",
            "-CAcreateserial",
            "-days",
            "\(days)",
            "-extfile",
            "\(name).ext",
            "-out",
            "\(name).pem"
        )
    }
}
