// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import Gateway
import Logging
import SwarmCore
import Testing

@Suite("AuditLog", .timeLimit(.minutes(1)))
struct AuditLogTests {
    private func record(_ request: String, status: Int = 200) -> AuditRecord {
        AuditRecord(
            time: 1_700_000_000,
            request: request,
            caller: Caller(name: "al\"ice\n", standing: .role(.viewer), address: "10.0.0.9", via: "node-2"),
            method: "GET",
            path: "/containers/json",
            route: "containers/json",
            nodes: ["node-1"],
            phase: .end,
            status: status,
            milliseconds: 3,
            reason: nil
        )
    }

    /// The lines of a file, when there are `count` of them.
    private func lines(_ path: String, count: Int) async throws -> [JSON] {
        try await withDeadline(.after(.seconds(30)), operation: "waiting for lines") {
            while true {
                let lines = ((try? AtomicFile.readText(path)) ?? "").split(separator: "\n")
                if lines.count >= count {
                    return try lines.map { try JSON(parsing: String($0)) }
                }
                try await ContinuousClock().sleep(for: .milliseconds(5))
            }
        }
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "audit-\(UUID().uuidString)"
        try AtomicFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("a line says who, what, where and the result, whatever is in the names")
    func line() async throws {
        try await withFolder { folder in
            let path = folder + "/audit.log"
            let log = try AuditLog(path: path, logger: logger)
            log.record(record("1"))
            log.record(record("2", status: 403))
            let writer = Task { await log.run() }

            let lines = try await lines(path, count: 2)

            #expect(lines.map { $0["request"]?.string } == ["1", "2"])
            #expect(lines.map { $0["result"]?.string } == ["done", "refused"])
            #expect(lines[0]["user"]?.string == "al\"ice\n")
            #expect(lines[0]["role"]?.string == "viewer" && lines[0]["via"]?.string == "node-2")
            #expect(lines[0]["nodes"]?.strings == ["node-1"])
            #expect(lines[0]["time"]?.string?.hasPrefix("2023-11-14T22:13:20") == true)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            writer.cancel()
            await writer.value
        }
    }

    @Test("a file that was renamed is made again, and what is queued at the end is written")
    func rename() async throws {
        try await withFolder { folder in
            let path = folder + "/audit.log"
            let log = try AuditLog(path: path, logger: logger)
            let writer = Task { await log.run() }
            log.record(record("1"))
            _ = try await lines(path, count: 1)

            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            log.record(record("2"))
            let second = try await lines(path, count: 1)
            writer.cancel()
            log.record(record("3"))
            await writer.value

            #expect(second.first?["request"]?.string == "2")
            #expect(try await lines(path + ".1", count: 1).count == 1)
            // The writer may have been stopped before the last line came: then nothing is lost, it is still queued.
            let last = Task { await log.run() }
            last.cancel()
            await last.value
            #expect(try await lines(path, count: 2).map { $0["request"]?.string } == ["2", "3"])
        }
    }

    @Test("on a full disk lines wait, and those that had to go are counted")
    func fullDisk() async throws {
        try await withFolder { folder in
            let link = folder + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
            let log = try AuditLog(path: link, capacity: 2, logger: logger)
            for number in 1...5 {
                log.record(record("\(number)"))
            }
            let writer = Task { await log.run() }

            let target = folder + "/new"
            try FileManager.default.createSymbolicLink(atPath: target, withDestinationPath: folder + "/file")
            #expect(rename(target, to: link))
            let lines = try await lines(folder + "/file", count: 3)

            #expect(lines.map { $0["request"]?.string } == ["1", "2", nil])
            #expect(lines[2]["result"]?.string == "lost" && lines[2]["lines"]?.int == 3)
            writer.cancel()
            await writer.value
        }
    }

    private func rename(_ old: String, to new: String) -> Bool { Foundation.rename(old, new) == 0 }

    @Test("a folder that is not there is an error at the start")
    func noFolder() {
        #expect(throws: AuditError.self) {
            try AuditLog(path: "/nowhere/at/all/audit.log", logger: logger)
        }
    }
}
