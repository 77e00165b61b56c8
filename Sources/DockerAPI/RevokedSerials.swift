// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// The serial numbers in lists of revoked certificates (RFC 5280, 5).
///
/// The lists are files of the operator's, like the authority's certificate: their signature is not checked again.
struct RevokedSerials: Sendable, Equatable {
    private static let begin = "-----BEGIN X509 CRL-----"
    private static let end = "-----END X509 CRL-----"
    /// In bytes; an entry takes about 50.
    private static let fileLimit = 8 << 20

    private(set) var serials: Set<[UInt8]> = []

    init() {}

    /// Reads all lists in a PEM file.
    ///
    /// - Throws: ``DockerAPIError/unusableTLSFile(path:reason:)`` when one cannot be read.
    init(path: String) throws(DockerAPIError) {
        var rest: Substring
        do {
            rest = try AtomicFile.readText(path, limit: Self.fileLimit)[...]
        } catch {
            throw .unusableTLSFile(path: path, reason: error.message)
        }
        guard rest.contains(Self.begin) else {
            throw .unusableTLSFile(path: path, reason: "there is no list of revoked certificates in it")
        }
        while let begin = rest.firstRange(of: Self.begin) {
            let block = rest[begin.upperBound...]
            guard let end = block.firstRange(of: Self.end),
                let der = Base64.decode(block[..<end.lowerBound].filter { !$0.isWhitespace }),
                let found = Self.serials(der: der)
            else {
                throw .unusableTLSFile(path: path, reason: "the list of revoked certificates is damaged")
            }
            serials.formUnion(found)
            rest = block[end.upperBound...]
        }
    }

    /// Whether a certificate with this serial number, in big-endian bytes, is revoked.
    func contains(_ serial: [UInt8]) -> Bool {
        serials.contains(Self.normalized(serial[...]))
    }

    private static func serials(der: [UInt8]) -> [[UInt8]]? {
        var reader = DERReader(der[...])
        // CertificateList { tbsCertList { version?, signature, issuer, thisUpdate, nextUpdate?, revoked?, … }, … }
        guard var fields = reader.next()?.children?.first?.children else {
            return nil
        }
        if fields.first?.tag == 0x02 {
            fields.removeFirst()
        }
        guard fields.count >= 3 else {
            return nil
        }
        let revoked = fields.dropFirst(3).first { $0.tag == DERReader.sequence }
        var serials: [[UInt8]] = []
        for entry in revoked?.children ?? [] {
            guard let serial = entry.children?.first, serial.tag == 0x02 else {
                return nil
            }
            serials.append(normalized(serial.content))
        }
        return serials
    }

    private static func normalized(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(bytes.drop { $0 == 0 })
    }
}
