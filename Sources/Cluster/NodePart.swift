// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Synchronization

/// A part of an engine's state that can be read on its own.
enum NodePart: Hashable, Sendable {
    case container(String)
    case images
    case networks
    case volumes
    case info

    /// What an event says has changed; nothing for those that change no list.
    static func changed(by event: EngineEvent) -> [NodePart] {
        switch event.type {
        case "container":
            return isSilent(event.action) ? [] : [.container(event.actor)]
        case "image", "builder":
            return [.images]
        case "network":
            let container = event.attributes["container"].map { [NodePart.container($0)] } ?? []
            return [.networks] + container
        case "volume":
            return event.action == "mount" || event.action == "unmount" ? [] : [.volumes]
        case "daemon":
            return [.info]
        default:
            return []
        }
    }

    /// Actions on a container that leave its description as it is.
    private static func isSilent(_ action: String) -> Bool {
        action.hasPrefix("exec_")
            || ["attach", "detach", "top", "archive-path", "extract-to-dir", "copy", "export", "resize", "commit"]
                .contains(action)
    }
}

/// The parts that events have announced and that were not read again yet.
///
/// A burst of events about one container leads to one read. A part that is being read is not given
/// out a second time: one that hangs holds up nothing but itself.
final class DirtySet: Sendable {
    private struct State {
        /// How many parts may still be taken.
        var room: Int
        var pending: [NodePart] = []
        var known: Set<NodePart> = []
        /// How many read each part now.
        var underWay: [NodePart: Int] = [:]
        /// Events that came while their part was read; what was read may tell what they do.
        var held: [NodePart: [EngineEvent]] = [:]
        /// Signalled when nobody reads the part any more.
        var settling: [NodePart: ChangeSignal] = [:]
        var waiters: [UInt64: CheckedContinuation<NodePart?, Never>] = [:]
        var nextWaiter: UInt64 = 0

        /// The oldest part that nobody reads now.
        mutating func take() -> NodePart? {
            guard room > 0, let index = pending.firstIndex(where: { underWay[$0] == nil }) else {
                return nil
            }
            room -= 1
            let part = pending.remove(at: index)
            known.remove(part)
            underWay[part] = 1
            return part
        }

        mutating func add(_ part: NodePart) {
            if known.insert(part).inserted {
                pending.append(part)
            }
        }

        /// A waiter and what it waits for, when there are both.
        mutating func match() -> (CheckedContinuation<NodePart?, Never>, NodePart)? {
            guard let key = waiters.keys.min(), let part = take(), let waiter = waiters.removeValue(forKey: key) else {
                return nil
            }
            return (waiter, part)
        }
    }

    private let state: Mutex<State>

    /// - Parameter width: how many parts are given out at a time.
    init(width: Int) {
        state = Mutex(State(room: width))
    }

    func insert(_ part: NodePart) {
        let matched = state.withLock { state in
            state.add(part)
            return state.match()
        }
        matched?.0.resume(returning: matched?.1)
    }

    /// Has the part of an event read, unless it was read since: of one that is being read ``finish(_:isTaken:_:)`` decides.
    func insert(_ part: NodePart, unless event: EngineEvent, isExplained: () -> Bool) {
        let isHeld = state.withLock { state in
            guard state.underWay[part] != nil else {
                return state.known.contains(part)
            }
            state.held[part, default: []].append(event)
            return true
        }
        if !isHeld, !isExplained() {
            insert(part)
        }
    }

    /// A part is being read by somebody who did not take it here; what is pending of it is done with that.
    func begin(_ part: NodePart) {
        state.withLock { state in
            state.underWay[part, default: 0] += 1
            if state.known.remove(part) != nil {
                state.pending.removeAll { $0 == part }
            }
        }
    }

    /// A part that was taken has been read.
    ///
    /// - Parameters:
    ///   - part: see ``begin(_:)`` and ``next()``.
    ///   - isTaken: whether it was from ``next()``.
    ///   - isNews: whether an event that came meanwhile tells more than was read.
    func finish(_ part: NodePart, isTaken: Bool, _ isNews: (EngineEvent) -> Bool) {
        let held = state.withLock { $0.held.removeValue(forKey: part) } ?? []
        let hasNews = held.contains(where: isNews)
        let (matched, settled) = state.withLock { state in
            state.room += isTaken ? 1 : 0
            let count = (state.underWay[part] ?? 1) - 1
            state.underWay[part] = count > 0 ? count : nil
            if hasNews || state.held.removeValue(forKey: part) != nil {
                state.add(part)
            }
            return (state.match(), count > 0 ? nil : state.settling.removeValue(forKey: part))
        }
        matched?.0.resume(returning: matched?.1)
        settled?.signal()
    }

    /// Returns when nobody reads the part at this moment, or the task is cancelled.
    func settle(_ part: NodePart) async {
        let signal = state.withLock { state -> ChangeSignal? in
            guard state.underWay[part] != nil else {
                return nil
            }
            let signal = state.settling[part] ?? ChangeSignal()
            state.settling[part] = signal
            return signal
        }
        // It is signalled once.
        await signal?.wait(after: 0)
    }

    /// The next part to read, to be given to ``finish(_:isTaken:_:)`` afterwards; `nil` when the task is cancelled.
    func next() async -> NodePart? {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome: NodePart?? = state.withLock { state in
                    guard !Task.isCancelled else {
                        return .some(nil)
                    }
                    if let part = state.take() {
                        return .some(part)
                    }
                    state.waiters[key] = continuation
                    return nil
                }
                if let outcome {
                    continuation.resume(returning: outcome)
                }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume(returning: nil)
        }
    }
}

extension EngineEvent {
    /// How long after a start its event may come.
    private static let startTime = 10.0

    /// Whether a container has been made or started: then it may have been read before its event came, because
    /// this manager had it done.
    var isBeginning: Bool { type == "container" && (action == "create" || action == "start") }

    /// Whether what was read of the container has what a beginning tells.
    ///
    /// An engine notes when a container was started right before the event, on the same clock.
    func isExplained(by container: ContainerState?) -> Bool {
        guard let container, action == "start" else {
            return action == "create" && container != nil
        }
        guard container.summary.state == "running", let started = container.run?.startedAt else {
            return false
        }
        let age = Double(time) / 1e9 - started
        return age > -0.000_001 && age < Self.startTime
    }
}
