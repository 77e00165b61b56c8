// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import SwarmCore
import Synchronization
import Testing

/// Answers from a list, and keeps count.
private final class ScriptedSender: HTTPSending {
    private let answers: Mutex<[Result<HTTPResponse, HTTPError>]>
    private let count = Mutex(0)

    init(_ answers: [Result<HTTPResponse, HTTPError>]) {
        self.answers = Mutex(answers)
    }

    var sent: Int { count.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        count.withLock { $0 += 1 }
        return try answers.withLock { $0.isEmpty ? .success(.init(head: .init(status: 200))) : $0.removeFirst() }.get()
    }
}

/// A clock whose sleeps end at once and are written down.
private final class RecordingClock: Clock {
    private let slept = Mutex<[Duration]>([])

    var sleeps: [Duration] { slept.withLock { $0 } }
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let wait = deadline - now
        // Whole tenths of a second: the time that passed in between does not matter.
        slept.withLock { $0.append(.milliseconds(Int((wait / .milliseconds(100)).rounded()) * 100)) }
    }
}

@Suite("RetryingSender")
struct RetryingSenderTests {
    private static let refused = Result<HTTPResponse, HTTPError>.failure(.refused(endpoint: "h:1"))
    private static let lost = Result<HTTPResponse, HTTPError>.failure(.connectionLost(endpoint: "h:1", detail: ""))

    private static func status(_ status: Int, retryAfter: String? = nil) -> Result<HTTPResponse, HTTPError> {
        let headers = retryAfter.map { [HTTPHeader("Retry-After", $0)] } ?? []
        return .success(HTTPResponse(head: HTTPHead(status: status, headers: headers)))
    }

    private func sender(_ inner: ScriptedSender, _ clock: RecordingClock) -> RetryingSender {
        var policy = RetryPolicy()
        policy.firstWait = .seconds(1)
        policy.longestWait = .seconds(3)
        return RetryingSender(inner, policy: policy, clock: clock, now: { 784_111_777 }, chance: { 1 })
    }

    @Test(
        "what may succeed later is sent again, by method and failure",
        arguments: [
            (method: "GET", first: refused, isRepeated: true), (method: "POST", first: refused, isRepeated: true),
            (method: "GET", first: lost, isRepeated: true), (method: "DELETE", first: lost, isRepeated: true),
            (method: "POST", first: lost, isRepeated: false), (method: "GET", first: status(503), isRepeated: true),
            (method: "POST", first: status(503), isRepeated: false),
            (method: "POST", first: status(429), isRepeated: true),
            (method: "GET", first: status(500), isRepeated: false),
            (method: "GET", first: status(404), isRepeated: false),
            (method: "GET", first: .failure(.noSuchHost(endpoint: "h:1")), isRepeated: false),
        ]
    )
    func whichAreRepeated(method: String, first: Result<HTTPResponse, HTTPError>, isRepeated: Bool) async throws {
        let inner = ScriptedSender([first])

        _ = try? await sender(inner, RecordingClock()).send(HTTPRequest(method, "http://h"))

        #expect(inner.sent == (isRepeated ? 2 : 1))
    }

    @Test("the waits double up to the longest, and the last failure stands")
    func waits() async throws {
        let inner = ScriptedSender(Array(repeating: Self.refused, count: 9))
        let clock = RecordingClock()

        await #expect(throws: HTTPError.refused(endpoint: "h:1")) {
            try await sender(inner, clock).send(HTTPRequest("GET", "http://h"))
        }

        #expect(clock.sleeps == [.seconds(1), .seconds(2), .seconds(3), .seconds(3)])
        #expect(inner.sent == 5)
    }

    @Test(
        "Retry-After is respected as a number and as a date",
        arguments: [
            (value: "7", wait: 7), (value: "Sun, 06 Nov 1994 08:49:57 GMT", wait: 20), (value: "soon", wait: 1),
            (value: "-5", wait: 1), (value: "Sun, 06 Nov 1994 08:00:00 GMT", wait: 1),
        ]
    )
    func retryAfter(value: String, wait: Int) async throws {
        let inner = ScriptedSender([Self.status(429, retryAfter: value)])
        let clock = RecordingClock()

        let response = try await sender(inner, clock).send(HTTPRequest("POST", "http://h"))

        #expect(response.status == 200)
        #expect(clock.sleeps == [.seconds(wait)])
    }

    @Test("no wait goes beyond the deadline: the answer stands")
    func deadline() async throws {
        let inner = ScriptedSender([Self.status(429, retryAfter: "60")])
        let clock = RecordingClock()

        let response = try await sender(inner, clock)
            .send(HTTPRequest("GET", "http://h", deadline: .after(.seconds(10))))

        #expect(response.status == 429)
        #expect(clock.sleeps.isEmpty)
    }

    @Test("a real server that fails twice is asked three times")
    func realServer() async throws {
        let server = try await TestServer.start()
        var request = HTTPRequest("GET", server.url + "/flaky/2")
        request.usesProxy = false

        let response = try await RetryingSender(HTTPClient(), clock: RecordingClock()).send(request)

        #expect(response.status == 200)
    }
}
