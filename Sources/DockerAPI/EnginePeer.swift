// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOSSL

/// Which certificates a server may show.
package enum PeerExpectation: Sendable, Hashable {
    /// One that is made for the address that was asked for.
    case address
    /// As ``address``, or that of any node of our own cluster: whose it is tells its name, wherever it is.
    case addressOrNode
}

/// Who an engine is, as its certificate says, which TLS has verified.
package struct EnginePeer: Sendable, Equatable {
    /// The common name: a node's.
    package let name: String
    /// All names that it is made for, in lower case, and IP addresses as the system writes them.
    package let names: Set<String>
    /// In big-endian bytes; one authority gives each certificate another one.
    package let serial: [UInt8]
    /// When it ends, in seconds since 1970, UTC.
    package let notAfter: Int
    /// Whether it is not made for the address under which the engine was reached.
    package let isElsewhere: Bool

    package init(name: String, names: Set<String>, serial: [UInt8], notAfter: Int, isElsewhere: Bool) {
        self.name = name
        self.names = names
        self.serial = serial
        self.notAfter = notAfter
        self.isElsewhere = isElsewhere
    }

    /// Whether an engine that calls itself `name` may have the certificate.
    package func isMade(forEngine name: String) -> Bool {
        name == self.name || names.contains(name.lowercased())
    }
}

extension EnginePeer {
    /// Looks at what a server has shown; `nil` when it is not what was expected.
    ///
    /// - Parameters:
    ///   - certificate: the server's own.
    ///   - host: the name or IP address that was asked for.
    ///   - expectation: what it may be instead.
    ///   - own: the organizations of our own certificate.
    init?(
        _ certificate: NIOSSLCertificate,
        at host: String,
        expecting expectation: PeerExpectation,
        own: @autoclosure () -> [String]
    ) {
        let peer = PeerCertificate(certificate)
        let isHere = peer.isMade(for: host) || peer.isMadeForAnyHost(like: host)
        guard isHere || (expectation == .addressOrNode && peer.isNode(ofOrganizations: own())) else {
            return nil
        }
        self.init(
            name: peer.commonNames.first ?? "",
            names: peer.alternativeNames,
            serial: certificate.serialNumber,
            notAfter: Int(certificate.notValidAfter),
            isElsewhere: !isHere
        )
    }
}

extension PeerCertificate {
    /// Whether one of its names has a wildcard for the first part of `host`.
    fileprivate func isMadeForAnyHost(like host: String) -> Bool {
        guard let dot = host.firstIndex(of: "."), dot != host.startIndex else {
            return false
        }
        return alternativeNames.contains("*\(host[dot...].lowercased())")
    }

    /// Whether it is a node's, of a cluster with these organizations, and so stands for one host.
    fileprivate func isNode(ofOrganizations own: [String]) -> Bool {
        !own.isEmpty && organizations == own && commonNames.count == 1 && commonNames != [""] && units.isEmpty
            && !alternativeNames.isEmpty && !isAuthority
    }
}
