// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Discovery
internal import Logging
internal import SwarmCore
internal import Synchronization

/// Carries what the election says into the cluster of this manager.
struct ElectionTask: Sendable {
    /// The longest wait for the nodes before this manager stands for election.
    private static let surveyLimit = Duration.seconds(10)
    private static let surveyStep = Duration.milliseconds(50)

    let candidate: LeaderCandidate
    let cluster: Cluster
    let logger: Logger

    /// Runs until the task is cancelled, and gives up the lead then.
    func run() async {
        await survey()
        let last = Mutex<Leader?>(nil)
        await candidate.run { news in
            switch news {
            case .leads(let lease):
                let leader = Leader(address: lease.holder, fence: lease.fence)
                guard await isPrepared(for: lease, last) else {
                    return
                }
                cluster.leadership.lead(leader.known, until: lease.validUntil)
                announce(leader, last)
            case .follows(let leader):
                cluster.leadership.follow(leader.known)
                announce(leader, last)
            case .nobodyLeads:
                cluster.leadership.follow(nil)
            case .storeFails:
                // Our lead ends with its time; the last known leader says itself when it does not lead.
                break
            }
        }
    }

    /// A manager that does not know yet what runs where could give a name away a second time.
    private func survey() async {
        let end = Deadline.after(Self.surveyLimit)
        while !cluster.isSurveyed, !end.hasPassed, !Task.isCancelled {
            try? await ContinuousClock().sleep(for: Self.surveyStep)
        }
    }

    /// Learns what the leaders before decided: a cordoned node must not get a container from a new one.
    ///
    /// - Returns: whether this manager may lead; when it may not, it is asked again at the next renewal.
    private func isPrepared(for lease: LeaderLease, _ last: borrowing Mutex<Leader?>) async -> Bool {
        guard last.withLock({ $0?.fence != lease.fence }) else {
            return true
        }
        do {
            // The lease has to be renewed in time.
            let limit = Deadline.after((lease.validUntil - .now) / 4)
            try await withDeadline(limit, operation: "reading what earlier leaders decided") {
                try await cluster.adoptAvailability()
            }
            return true
        } catch {
            logger.warning("cannot lead yet", metadata: ["reason": "\(ErrorReport(error).message)"])
            return false
        }
    }

    private func announce(_ leader: Leader, _ last: borrowing Mutex<Leader?>) {
        let isNew = last.withLock { last in
            defer { last = leader }
            return last != leader
        }
        guard isNew else {
            return
        }
        logger.info("leader", metadata: ["address": "\(leader.address)", "term": "\(leader.fence)"])
        cluster.announce(leader.known)
    }
}

extension Leader {
    /// As the cluster knows it.
    fileprivate var known: Leadership.Leader { Leadership.Leader(address: address, term: fence) }
}
