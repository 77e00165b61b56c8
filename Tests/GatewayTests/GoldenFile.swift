// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import NIOHTTP1

/// A request, what each engine answers to the manager, and what the manager answers to the client.
///
/// A file under `Fixtures/api`: the first line is the request, with its body after a space if it has one;
/// a line `--- NODE METHOD /path` begins an engine's answer, and `--- STATUS` the cluster's.
struct GoldenFile: Sendable {
    let path: String
    let method: HTTPMethod
    let target: String
    let body: String
    /// Answers by `NODE METHOD /path`.
    private(set) var answers: [String: String] = [:]
    private(set) var status = 0
    private(set) var expected = ""

    private static var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/api")
    }

    /// The names of all files.
    static var names: [String] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return found.filter { $0.hasSuffix(".http") }.sorted()
    }

    init(_ name: String) throws {
        path = Self.folder.appendingPathComponent(name).path
        let lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        method = HTTPMethod(rawValue: String(words.first ?? ""))
        target = words.count > 1 ? String(words[1]) : ""
        body = words.count > 2 ? String(words[2]) : ""
        var section: String?
        for line in lines.dropFirst() {
            if line.hasPrefix("--- ") {
                section = String(line.dropFirst(4))
                status = section.flatMap { Int($0) } ?? 0
            } else if let section, !line.isEmpty {
                if status > 0 {
                    expected += line + "\n"
                } else {
                    answers[section, default: ""] += line + "\n"
                }
            }
        }
    }

    /// Makes what was answered the expected answer; for one who then reads the change.
    func record(status: Int, answer: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let kept = text.components(separatedBy: "\n").prefix { !$0.hasPrefix("--- ") || Int($0.dropFirst(4)) == nil }
        try (kept.joined(separator: "\n") + "\n--- \(status)\n\(answer)").write(
            toFile: path,
            atomically: true,
            encoding: .utf8
        )
    }

    /// An engine that answers as the file says.
    func engine(_ name: String) async throws -> FakeEngine {
        let answers = answers
        return try await FakeEngine(name: name) { question in
            let path = question.path.prefix { $0 != "?" }
            // The manager follows each engine's events itself, without an end.
            guard let answer = answers["\(name) \(question.method.rawValue) \(path)"],
                path != "/events" || question.path.contains("until=")
            else {
                return false
            }
            _ = try await question.body.collect(limit: 1 << 20)
            try await question.reply(200, answer)
            return true
        }
    }
}
