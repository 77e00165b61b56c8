// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A transport that a port is published on.
package enum Transport: String, Hashable, Sendable, CaseIterable {
    case tcp
    case udp
    case sctp
}

/// A port of a node that a container asks for or has.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 65535; a port that the engine picks is never one of these.
    package let port: UInt16
    package let transport: Transport
    /// The address it is bound to; `nil` means every address.
    package let address: String?

    /// Makes a port; an unspecified `address` (empty, `0.0.0.0`, `::`) becomes `nil`.
    package init(_ port: UInt16, _ transport: Transport = .tcp, address: String? = nil) {
        self.port = port
        self.transport = transport
        switch address {
        case nil, "", "0.0.0.0", "::", "[::]": self.address = nil
        case .some(let address): self.address = address
        }
    }

    /// `5432/tcp`, or `10.0.0.1:5432/tcp` when bound to one address.
    package var description: String {
        (address.map { $0 + ":" } ?? "") + "\(port)/\(transport.rawValue)"
    }

    /// Whether two containers on one node cannot have both.
    package func clashes(with other: HostPort) -> Bool {
        guard port == other.port, transport == other.transport else {
            return false
        }
        return address == nil || other.address == nil || address == other.address
    }
}
