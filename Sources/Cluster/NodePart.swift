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
/// A burst of events about one container leads to one read.
final class DirtySet: Sendable {
    private let parts = Mutex<Set<NodePart>>([])
    private let wake = Wake()

    func insert(_ part: NodePart) {
        parts.withLock { _ = $0.insert(part) }
        wake.signal()
    }

    /// Returns when there may be something to take, or when the task is cancelled.
    func wait() async { await wake.wait() }

    func take() -> Set<NodePart> {
        parts.withLock { parts in
            defer { parts = [] }
            return parts
        }
    }
}
