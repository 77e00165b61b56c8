// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import SwarmCore
import Testing

@Suite("Leadership")
struct LeadershipTests {
    private let first = Leadership.Leader(address: "10.0.0.1:3376", term: 7)

    @Test("a manager without replication always leads")
    func alone() async throws {
        let leadership = Leadership.alone()

        try leadership.check()
        try await leadership.waitUntilLeading()
        let term = try await leadership.whileLeading { $0 }

        #expect(term == 0 && leadership.leader == nil)
    }

    @Test("the lead ends with its lease, though nobody says so")
    func leaseEnds() throws {
        let leadership = Leadership.elected()
        #expect(throws: LeadershipError.notLeading) { try leadership.check() }

        leadership.lead(first, until: .now + .seconds(60))
        try leadership.check(7)
        leadership.lead(first, until: .now - .milliseconds(1))

        #expect(!leadership.isLeading)
        #expect(throws: LeadershipError.lost) { try leadership.check(7) }
    }

    @Test("a decision of an earlier term is refused in a later one")
    func laterTerm() throws {
        let leadership = Leadership.elected()
        leadership.lead(Leadership.Leader(address: "10.0.0.1:3376", term: 8), until: .now + .seconds(60))

        #expect(throws: LeadershipError.lost) { try leadership.check(7) }
    }

    @Test("what runs while leading is cancelled when the lease runs out, and when the lead is lost before")
    func cancelled() async throws {
        let leadership = Leadership.elected()
        leadership.lead(first, until: .now + .milliseconds(20))
        await #expect(throws: LeadershipError.lost) {
            try await leadership.whileLeading { _ in try await ContinuousClock().sleep(for: .seconds(600)) }
        }

        leadership.lead(first, until: .now + .seconds(600))
        await #expect(throws: LeadershipError.lost) {
            try await leadership.whileLeading { _ in
                leadership.follow(nil)
                try await ContinuousClock().sleep(for: .seconds(600))
            }
        }
    }

    @Test("a renewal keeps what runs while leading")
    func renewed() async throws {
        let leadership = Leadership.elected()
        let end = ContinuousClock.now + .seconds(2)
        leadership.lead(first, until: end)

        let isLeading = try await leadership.whileLeading { term in
            leadership.lead(Leadership.Leader(address: "10.0.0.1:3376", term: term), until: .now + .seconds(600))
            try await ContinuousClock().sleep(until: end + .milliseconds(20))
            return leadership.isLeading
        }

        #expect(isLeading)
    }

    @Test("a change of the leader wakes those who wait for it")
    func wakes() async throws {
        let leadership = Leadership.elected()
        let known = leadership.view

        async let change: Void = leadership.waitForChange(from: known, until: .after(.seconds(600)))
        async let lead: Void = leadership.waitUntilLeading()
        leadership.lead(first, until: .now + .seconds(600))
        try await change
        try await lead

        #expect(leadership.leader == first)
    }
}
