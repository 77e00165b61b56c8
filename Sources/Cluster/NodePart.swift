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
        var pending: [NodePart] = []
        var known: Set<NodePart> = []
        var underWay: Set<NodePart> = []
        var waiters: [UInt64: CheckedContinuation<NodePart?, Never>] = [:]
        var nextWaiter: UInt64 = 0

        /// The oldest part that nobody reads now.
        mutating func take() -> NodePart? {
            guard let index = pending.firstIndex(where: { !underWay.contains($0) }) else {
                return nil
            }
            let part = pending.remove(at: index)
            known.remove(part)
            underWay.insert(part)
            return part
        }

        /// A waiter and what it waits for, when there are both.
        mutating func match() -> (CheckedContinuation<NodePart?, Never>, NodePart)? {
            guard let key = waiters.keys.min(), let part = take(), let waiter = waiters.removeValue(forKey: key) else {
                return nil
            }
            return (waiter, part)
        }
    }

    private let state = Mutex(State())

    func insert(_ part: NodePart) {
        let matched = state.withLock { state in
            if state.known.insert(part).inserted {
                state.pending.append(part)
            }
            return state.match()
        }
        matched?.0.resume(returning: matched?.1)
    }

    /// A part that was taken has been read.
    func finish(_ part: NodePart) {
        let matched = state.withLock { state in
            state.underWay.remove(part)
            return state.match()
        }
        matched?.0.resume(returning: matched?.1)
    }

    /// The next part to read, to be given to ``finish(_:)`` afterwards; `nil` when the task is cancelled.
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
