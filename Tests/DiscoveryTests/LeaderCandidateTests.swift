// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import Logging
import SwarmCore
import Synchronization
import Testing

@Suite("LeaderCandidate", .timeLimit(.minutes(1)))
struct LeaderCandidateTests {
    private static let ttl = Duration.seconds(3)
    private static let other = Leader(address: "10.0.0.2:3376", fence: 9)

    /// A store that gives one answer after the other, the last one for ever.
    private final class ScriptedElection: LeaderElection {
        enum Answer: Sendable {
            case lease
            case lost
            case failure
        }

        private struct State {
            var renewals: [Answer]
            var campaigns = 0
            var hasResigned = false
        }

        private let state: Mutex<State>

        init(renewals: [Answer]) {
            state = Mutex(State(renewals: renewals))
        }

        var hasResigned: Bool { state.withLock { $0.hasResigned } }

        /// The first campaign is won; another leads from then on.
        func campaign(_ candidate: String, ttl: Duration) async throws -> LeaderLease? {
            let isFirst = state.withLock { state in
                state.campaigns += 1
                return state.campaigns == 1
            }
            return isFirst ? LeaderLease(holder: candidate, fence: 7, validUntil: .now + ttl) : nil
        }

        func renew(_ lease: LeaderLease) async throws -> LeaderLease? {
            let answer = state.withLock { state in
                state.renewals.count > 1 ? state.renewals.removeFirst() : state.renewals[0]
            }
            switch answer {
            case .lease: return LeaderLease(holder: lease.holder, fence: lease.fence, validUntil: .now + ttl)
            case .lost: return nil
            case .failure: throw DiscoveryError.unreachable(url: "test://", reason: "cut")
            }
        }

        func resign(_ lease: LeaderLease) async throws {
            state.withLock { $0.hasResigned = true }
        }

        func leader() async throws -> Leader? { other }

        func leader(after known: Leader?, atMost duration: Duration) async throws -> Leader? {
            try await ContinuousClock().sleep(for: duration)
            return other
        }
    }

    /// What the candidate tells until it tells `last`.
    private func news(
        of election: ScriptedElection,
        until last: @escaping @Sendable (LeaderCandidate.News) -> Bool
    ) async -> [LeaderCandidate.News] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let candidate = LeaderCandidate(election: election, address: "10.0.0.1:3376", ttl: Self.ttl, logger: logger)
        let (stream, continuation) = AsyncStream<LeaderCandidate.News>.makeStream()
        let task = Task { await candidate.run { continuation.yield($0) } }
        var all: [LeaderCandidate.News] = []
        for await one in stream {
            all.append(one)
            if last(one) {
                break
            }
        }
        task.cancel()
        await task.value
        return all
    }

    private static func words(_ news: [LeaderCandidate.News]) -> [String] {
        let words = news.map { news in
            switch news {
            case .leads(let lease): "leads \(lease.fence)"
            case .follows(let leader): "follows \(leader.address)"
            case .nobodyLeads: "nobody"
            case .storeFails: "fails"
            }
        }
        return words.reduce(into: []) { $0 += $0.last == $1 ? [] : [$1] }
    }

    @Test("a lead ends before the store's lease does")
    func margin() async throws {
        let start = ContinuousClock.now
        let news = await news(of: ScriptedElection(renewals: [.lease])) { _ in true }

        guard case .leads(let lease)? = news.first else {
            Issue.record("\(news)")
            return
        }
        // The lease was given later than `start`; so it ends a tenth of its time early at least by that much.
        #expect(lease.validUntil >= start + Self.ttl * 0.9)
        #expect(lease.validUntil <= ContinuousClock.now + Self.ttl * 0.9)
    }

    @Test("while the store fails the candidate goes on asking, and leads again in the same term")
    func regained() async {
        let leases = Mutex(0)
        let news = await news(of: ScriptedElection(renewals: [.failure, .failure, .failure, .lease])) { one in
            guard case .leads = one else {
                return false
            }
            return leases.withLock { count in
                count += 1
                return count == 2
            }
        }

        #expect(Self.words(news) == ["leads 7", "fails", "leads 7"])
    }

    @Test("a leader that lost the lead follows the other")
    func lost() async {
        let news = await news(of: ScriptedElection(renewals: [.lost])) { $0 == .follows(Self.other) }

        #expect(Self.words(news) == ["leads 7", "nobody", "follows 10.0.0.2:3376"])
    }

    @Test("a leader that is stopped gives up the lead for another to take it")
    func resigns() async {
        let election = ScriptedElection(renewals: [.lease])

        _ = await news(of: election) { _ in true }

        #expect(election.hasResigned)
    }
}
