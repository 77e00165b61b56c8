// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore
internal import NIOSSL

/// What the certificate of a client says, which TLS has verified.
package struct PeerCertificate: Sendable, Equatable {
    /// `CN` and `OU` of its subject, in its order.
    package let commonNames: [String]
    package let units: [String]
    /// DNS names in lower case, and IP addresses as the system writes them.
    package let alternativeNames: Set<String>
    /// Whether it may sign others.
    package var isAuthority = false
    /// `O` of its subject, in its order.
    package var organizations: [String] = []

    package init(commonNames: [String], units: [String], alternativeNames: Set<String>) {
        self.commonNames = commonNames
        self.units = units
        self.alternativeNames = alternativeNames
    }

    /// Whether it was made for a host name or IP address, in any way of writing it; without wildcards.
    package func isMade(for host: String) -> Bool {
        let address = try? SocketAddress(ipAddress: host, port: 0)
        return alternativeNames.contains(address?.ipAddress ?? host.lowercased())
    }
}

/// Who is at the other end of a connection.
package struct PeerIdentity: Sendable, Equatable {
    /// `nil` when the connection has no TLS, or clients need not show a certificate.
    package let certificate: PeerCertificate?
    /// Whether the connection comes from this machine, by its loopback address or a socket in the file system.
    package let isLocal: Bool
    /// The IP address that the connection comes from; empty when that says nothing about the peer.
    package let host: String

    package init(certificate: PeerCertificate?, isLocal: Bool, host: String = "") {
        self.certificate = certificate
        self.isLocal = isLocal
        self.host = host
    }
}

extension BytePipe {
    /// The IP address of the other end; empty for a socket in the file system.
    package var remoteHost: String { channel.remoteAddress?.ipAddress ?? "" }

    /// Who is at the other end; with TLS only after its handshake.
    package func peer() async -> PeerIdentity {
        let certificate = try? await channel.nioSSL_peerCertificate().get()
        let address = channel.remoteAddress
        let isLocal = address?.ipAddress.map { $0 == "::1" || $0.hasPrefix("127.") } ?? true
        return PeerIdentity(
            certificate: certificate.map { PeerCertificate($0) },
            isLocal: isLocal,
            host: address?.ipAddress ?? ""
        )
    }
}

extension PeerCertificate {
    /// The object identifiers of the parts that are read (RFC 5280, A.1 and A.2).
    private enum Identifier {
        static let commonName: [UInt8] = [0x55, 4, 3]
        static let organization: [UInt8] = [0x55, 4, 10]
        static let unit: [UInt8] = [0x55, 4, 11]
        static let alternativeNames: [UInt8] = [0x55, 29, 17]
        static let basicConstraints: [UInt8] = [0x55, 29, 19]
    }

    /// Tags that a certificate gives a meaning of its own (RFC 5280, 4.1 and 4.2.1.6).
    private enum Tag {
        static let version: UInt8 = 0xA0
        static let extensions: UInt8 = 0xA3
        static let dnsName: UInt8 = 0x82
        static let ipAddress: UInt8 = 0x87
    }

    /// - Returns: a certificate without any names when its encoding cannot be read: good for nothing.
    init(_ certificate: NIOSSLCertificate) {
        self.init(der: (try? certificate.toDERBytes()) ?? [])
    }

    package init(der: [UInt8]) {
        var reader = DERReader(der[...])
        // Certificate { tbsCertificate { version, serial, algorithm, issuer, validity, subject, … }, … }
        var fields = reader.next()?.children?.first?.children ?? []
        let extensions = fields.first { $0.tag == Tag.extensions }
        fields.removeAll { $0.tag == Tag.version }
        let subject = fields.count > 4 ? fields[4] : nil
        self.init(
            commonNames: Self.texts(Identifier.commonName, in: subject),
            units: Self.texts(Identifier.unit, in: subject),
            alternativeNames: Self.names(in: extensions)
        )
        organizations = Self.texts(Identifier.organization, in: subject)
        // BasicConstraints { cA BOOLEAN DEFAULT FALSE, … }
        let constraints = Self.value(of: Identifier.basicConstraints, in: extensions)
        isAuthority = constraints?.children?.first.map { $0.tag == 0x01 && $0.content.contains { $0 != 0 } } ?? false
    }

    private static func texts(_ identifier: [UInt8], in subject: DERReader.Element?) -> [String] {
        let attributes = (subject?.children ?? []).flatMap { $0.children ?? [] }
        return attributes.compactMap { attribute in
            guard let pair = attribute.children, pair.count == 2, pair[0].content.elementsEqual(identifier) else {
                return nil
            }
            return String(decoding: pair[1].content, as: UTF8.self)
        }
    }

    private static func names(in extensions: DERReader.Element?) -> Set<String> {
        guard let names = value(of: Identifier.alternativeNames, in: extensions)?.children else {
            return []
        }
        return Set(names.compactMap(name))
    }

    private static func value(of identifier: [UInt8], in extensions: DERReader.Element?) -> DERReader.Element? {
        let list = extensions?.children?.first?.children ?? []
        let parts = list.compactMap(\.children).first { $0.first?.content.elementsEqual(identifier) == true }
        // The identifier, perhaps whether it is critical, and the value in an octet string.
        return parts?.last?.children?.first
    }

    private static func name(_ element: DERReader.Element) -> String? {
        switch element.tag {
        case Tag.dnsName:
            String(decoding: element.content, as: UTF8.self).lowercased()
        case Tag.ipAddress:
            (try? SocketAddress(packedIPAddress: ByteBuffer(bytes: element.content), port: 0))?.ipAddress
        default:
            nil
        }
    }
}
