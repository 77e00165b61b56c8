// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Scheduling

/// A container of the cluster at one instant.
package struct ContainerState: Sendable {
    package internal(set) var id: String
    /// Without the leading slash; the engine's own name first, then link aliases (`a/b`).
    package internal(set) var names: [String]
    /// As the client named it.
    package internal(set) var image: String
    package internal(set) var imageID: String
    /// Seconds since 1970.
    package internal(set) var created: Int64
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    package internal(set) var state: String
    package internal(set) var labels: [String: String]
    /// What it holds of its node: claims and ports, also while it is stopped.
    package internal(set) var claim: Resources
    package internal(set) var ports: [HostPort]
    /// Its element of `/containers/json?all=1`, as the engine wrote it at the last change.
    package internal(set) var json: [UInt8]

    package var name: String { names.first ?? id }
}
