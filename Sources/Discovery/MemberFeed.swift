// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Logging
internal import SwarmCore
internal import Synchronization

/// Follows a store for a manager, through all its failures.
package struct MemberFeed: Sendable {
    /// What a manager does with the members.
    package enum Update: Sendable, Equatable {
        case members([String])
        /// The store fails, in words: the members stay as they are.
        case failed(String)
    }

    private let store: any DiscoveryStore
    private let logger: Logger

    /// The longest wait before the store is asked again.
    private static let backoffLimit: Duration = .seconds(5)

    package init(store: any DiscoveryStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Gives updates to `handle` until the task is cancelled.
    ///
    /// A list that was not empty and becomes so is a failure, unless the store is trusted with it: a
    /// store that was wiped or restarted must not take the cluster down.
    package func run(_ handle: @escaping @Sendable (Update) -> Void) async {
        var backoff = Backoff(start: .milliseconds(500), limit: Self.backoffLimit)
        var generator = SystemRandomNumberGenerator()
        let hadMembers = Flag()
        let faults = Mutex(FaultLog())
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await store.watch { members in
                    if let fault = faults.withLock({ $0.succeeded() }) {
                        logger.info("discovery answers again", metadata: ["away": "\(fault)"])
                    }
                    handle(update(members, hadMembers))
                }
            } catch {
                guard !Task.isCancelled else {
                    return
                }
                let reason = ErrorReport(error).message
                let level: Logger.Level = faults.withLock { $0.failed() } ? .warning : .debug
                logger.log(level: level, "discovery failed", metadata: ["reason": "\(reason)"])
                handle(.failed(reason))
            }
            if ContinuousClock.now - start > .seconds(60) {
                backoff.reset()
            }
            try? await ContinuousClock().sleep(for: backoff.next(using: &generator))
        }
    }

    private func update(_ members: [String], _ hadMembers: Flag) -> Update {
        if members.isEmpty, hadMembers.isSet, !store.isTrustedWhenEmpty {
            logger.warning("discovery lists no members any more", metadata: ["discovery": "\(store.url)"])
            return .failed("\(store.url) lists no members any more")
        }
        hadMembers.isSet = hadMembers.isSet || !members.isEmpty
        return .members(members)
    }
}
