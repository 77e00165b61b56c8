// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// How far the events of an engine have been read, so that a new connection resumes there.
///
/// An engine sends events again from the instant it is asked to resume at, and what happened in
/// that instant comes twice: so the events seen last are remembered.
struct EventProgress: Sendable {
    /// More than an engine keeps for those who resume (256).
    private static let memory = 320

    /// The engine's time of the latest event, as `since` takes it; `nil` before the first.
    private(set) var since: String?
    private var latest: Int64 = 0
    /// Hashes of events: of thousands of engines, the events themselves would take most of the memory.
    private var seen: [Int] = []
    private var oldest = 0

    /// Notes `event`; false when it was seen before.
    mutating func isNew(_ event: EngineEvent) -> Bool {
        let hash = event.raw.hashValue
        guard !seen.contains(hash) else {
            return false
        }
        if seen.count < Self.memory {
            seen.append(hash)
        } else {
            seen[oldest] = hash
            oldest = (oldest + 1) % Self.memory
        }
        if event.time >= latest {
            latest = event.time
            since = event.timestamp
        }
        return true
    }
}
