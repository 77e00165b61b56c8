// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore
import Testing

@Suite("ByteCount")
struct ByteCountTests {
    @Test(
        "sizes are read as Docker reads them",
        arguments: [
            (text: "512", bytes: 512),
            (text: "64k", bytes: 65536),
            (text: "1.5g", bytes: 1_610_612_736),
            (text: "2GiB", bytes: 2_147_483_648),
            (text: "0b", bytes: 0),
            (text: "9e9", bytes: nil),
            (text: "-1", bytes: nil),
            (text: "", bytes: nil),
            (text: "12q", bytes: nil),
            (text: "99999999999999999999", bytes: nil),
            (text: "9999999999t", bytes: nil),
        ] as [(text: String, bytes: Int64?)]
    )
    func parses(text: String, bytes: Int64?) {
        #expect(ByteCount(parsing: text)?.bytes == bytes)
    }

    @Test(
        "sizes are printed in IEC units with four digits",
        arguments: [
            (bytes: 0, text: "0 B"),
            (bytes: 1023, text: "1023 B"),
            (bytes: 1024, text: "1 KiB"),
            (bytes: 2_095_944_040, text: "1.952 GiB"),
            (bytes: 536_870_912, text: "512 MiB"),
            (bytes: 1_073_741_824 * 15 + 536_870_912, text: "15.5 GiB"),
        ] as [(bytes: Int64, text: String)]
    )
    func prints(bytes: Int64, text: String) {
        #expect(ByteCount(bytes).iec == text)
    }
}

@Suite("ObjectName")
struct ObjectNameTests {
    @Test("names that fit everywhere are accepted", arguments: ["a", "lab-1", "Lab.2", "9lives"])
    func accepted(name: String) {
        #expect(ObjectName.problem(with: name) == nil)
    }

    @Test(
        "other names are refused",
        arguments: ["", "-a", "a-", ".a", "a b", "a/b", "..", "ä", "a\n", String(repeating: "a", count: 64)]
    )
    func refused(name: String) {
        #expect(ObjectName.problem(with: name) != nil)
    }
}

@Suite("Errors")
struct ErrorTests {
    @Test("the exit statuses are those of the contract")
    func statuses() {
        let statuses = Dictionary(uniqueKeysWithValues: ErrorKind.allCases.map { ($0.word, $0.rawValue) })

        #expect(
            statuses == [
                "failed": 1, "pre-create-check": 3, "not-found": 10, "conflict": 11, "no-capacity": 12,
                "unreachable": 13, "denied": 14, "usage": 64, "bug": 70, "cancelled": 130,
            ]
        )
    }

    @Test("failures of one kind keep their kind, of several become the general one")
    func partialFailureKind() {
        let missing = FileError(action: "read", path: "/a", code: 2)
        let denied = FileError(action: "read", path: "/b", code: 13)

        #expect(PartialFailure(failures: [missing, missing], total: 3).kind == .notFound)
        #expect(PartialFailure(failures: [missing, denied], total: 3).kind == .failed)
        #expect(PartialFailure(failures: [missing], total: 1).message == missing.message)
        #expect(PartialFailure(failures: [missing, denied], total: 3).message.hasPrefix("2 of 3 failed:\n  "))
    }

    @Test("an error that is not made for users is reported as a bug")
    func bug() {
        struct Odd: Error {}

        #expect(ErrorReport(Odd()).kind == .bug)
        #expect(ErrorReport(CancellationError()).kind == .cancelled)
    }
}

@Suite("Deadline")
struct DeadlineTests {
    @Test("work that does not end is cancelled at its deadline, and the error says what it was")
    func passes() async throws {
        let error = await #expect(throws: DeadlineExceeded.self) {
            try await withDeadline(.after(.milliseconds(20)), operation: "waiting for nothing") {
                try await ContinuousClock().sleep(for: .seconds(60))
            }
        }

        #expect(error == DeadlineExceeded(operation: "waiting for nothing"))
    }

    @Test("work that ends in time gives its value")
    func inTime() async throws {
        #expect(try await withDeadline(.after(.seconds(60)), operation: "adding") { 1 + 1 } == 2)
    }

    @Test("what is left is rounded up, so that a poll never spins")
    func milliseconds() {
        #expect(Deadline.after(.zero).remainingMilliseconds == 0)
        #expect((1...1000).contains(Deadline.after(.seconds(1)).remainingMilliseconds))
        #expect(Deadline.after(.seconds(1 << 40)).remainingMilliseconds == Int(Int32.max))
    }
}
