// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines

/// The tags on everything that drivers make.
package enum Tag {
    package static let cluster = "swarmctl-cluster"
    package static let machine = "swarmctl-machine"
    package static let id = "swarmctl-id"

    package static func labels(of request: MachineRequest) -> [String: String] {
        [cluster: request.cluster, machine: request.name, id: request.id]
    }

    package static func resource(_ kind: String, _ id: String, _ labels: [String: String]) -> TaggedResource {
        TaggedResource(
            kind: kind,
            id: id,
            machine: labels[machine],
            cluster: labels[cluster],
            machineID: labels[self.id]
        )
    }

    /// A name for a provider's object, unique even when two stores have machines of one name.
    ///
    /// Lower-case letters, digits and `-`, at most 63 bytes, beginning with a letter: what every provider takes.
    ///
    /// - Parameters:
    ///   - name: the machine's name.
    ///   - id: the machine's id.
    /// - Returns: `swarmctl-NAME-ID`, cut.
    package static func objectName(_ name: String, _ id: String) -> String {
        let short = id.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(12)
        let plain = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return "swarmctl-\(String(plain.prefix(40)))-\(short)"
    }
}
