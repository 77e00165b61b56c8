// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

/// What belongs to a namespace: objects that have its name in a label.
struct Namespace: Sendable, Hashable {
    /// Of containers, networks and volumes.
    static let label = "com.docker.swarm.namespace"
    /// Of images: another one, because containers inherit the labels of their images.
    static let imageLabel = "com.docker.swarm.image-namespace"
    /// What this manager and its rescheduling decide by; a member of a namespace must not set them.
    static let reservedPrefix = "com.docker.swarm."

    let name: String

    init(_ name: String) {
        self.name = name
    }

    func owns(_ labels: [String: String]) -> Bool { labels[Self.label] == name }

    func owns(_ container: ContainerState) -> Bool { owns(container.summary.labels) }

    /// Whether an image's content is for this namespace: its own, and those that are nobody's.
    func mayUse(_ image: ImageSummary) -> Bool { mayUse(imageLabels: image.labels) }

    func mayUse(imageLabels labels: [String: String]) -> Bool {
        labels[Self.imageLabel].map { $0.isEmpty || $0 == name } ?? true
    }

    /// `KEY=VALUE`, for filters.
    var filter: String { "\(Self.label)=\(name)" }
    var imageFilter: String { "\(Self.imageLabel)=\(name)" }

    /// Labels with the namespace's own, whatever they were.
    func labelled(_ labels: JSON?, _ label: String = label) -> JSON {
        (labels ?? .emptyObject).rewriting { object in
            object.members.removeAll { $0.key == label }
            object[label] = JSON(name)
        }
    }
}

extension GatewayRequest {
    /// The namespace that the caller must not look out of; `nil` for those without one.
    var namespace: Namespace? { caller.namespace.map { Namespace($0) } }
}

/// Takes environments out of what a viewer sees.
enum Redaction {
    /// Where engines show environments: of containers, images and plugins.
    private static let parts = ["Config", "ContainerConfig", "Settings"]

    static func withoutEnvironment(_ json: JSON) -> JSON {
        json.rewriting { object in
            for part in parts where object[part]?.isObject ?? false {
                object[part] = object[part]?.rewriting { config in
                    for index in config.members.indices where config.members[index].key == "Env" {
                        config.members[index].value = []
                    }
                }
            }
        }
    }
}
