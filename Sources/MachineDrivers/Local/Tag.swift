// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

/// The labels on everything that the driver makes.
enum Tag {
    static let cluster = "swarmctl-cluster"
    static let machine = "swarmctl-machine"
    static let id = "swarmctl-id"

    static func labels(of request: MachineRequest) -> [String: String] {
        [cluster: request.cluster, machine: request.name, id: request.id]
    }

    static func resource(_ kind: String, _ id: String, _ labels: [String: String]) -> TaggedResource {
        TaggedResource(
            kind: kind,
            id: id,
            machine: labels[machine],
            cluster: labels[cluster],
            machineID: labels[self.id]
        )
    }
}
