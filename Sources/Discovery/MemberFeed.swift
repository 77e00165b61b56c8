// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Logging
internal import SwarmCore

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

    package init(store: any DiscoveryStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Gives updates to `handle` until the task is cancelled.
    ///
    /// A list that was not empty and becomes so is a failure, unless the store is trusted with it: a
    /// store that was wiped or restarted must not take the cluster down.
    package func run(_ handle: @escaping @Sendable (Update) -> Void) async {
        var backoff = Backoff(start: .milliseconds(500), limit: .seconds(60))
        var generator = SystemRandomNumberGenerator()
        let hadMembers = Flag()
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await store.watch { members in
                    if members.isEmpty, hadMembers.isSet, !store.isTrustedWhenEmpty {
                        handle(.failed("\(store.url) lists no members any more"))
                    } else {
                        hadMembers.isSet = hadMembers.isSet || !members.isEmpty
                        handle(.members(members))
                    }
                }
            } catch {
                guard !Task.isCancelled else {
                    return
                }
                let reason = ErrorReport(error).message
                logger.warning("discovery failed", metadata: ["reason": "\(reason)"])
                handle(.failed(reason))
            }
            if ContinuousClock.now - start > .seconds(60) {
                backoff.reset()
            }
            try? await ContinuousClock().sleep(for: backoff.next(using: &generator))
        }
    }
}
