// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What one authority's cluster has ever issued and revoked: lines of JSON that are only ever appended.
///
/// A line is on disk before the certificate it tells of leaves this process, so that what is in use can be revoked.
/// Appends take a lock; a process killed in the middle of one leaves at most half a line, which is skipped.
package struct CertificateIndex: Sendable {
    /// One certificate.
    package struct Entry: Codable, Sendable, Equatable {
        /// In lower-case hexadecimal, as ``Certificate/serial``.
        package var serial: String
        /// The common name: a user's or a node's.
        package var name: String
        /// The organizational unit; `nil` for nodes.
        package var role: String?
        /// In seconds since 1970, UTC.
        package var notBefore: Int
        package var notAfter: Int
        /// When it was revoked, in seconds since 1970, UTC; `nil` while it is good.
        package var revokedAt: Int?
    }

    private struct Line: Codable {
        var issued: Entry?
        var revoked: String?
        var at: Int
    }

    /// The file; its folder must exist.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// All certificates, in the order of issue; none without a file.
    ///
    /// - Throws: `FileError`.
    package func entries() throws -> [Entry] {
        guard AtomicFile.exists(path) else {
            return []
        }
        var entries: [Entry] = []
        var places: [String: Int] = [:]
        for text in try AtomicFile.read(path).split(separator: UInt8(ascii: "\n")) {
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(text)) else {
                continue
            }
            if let entry = line.issued, places[entry.serial] == nil {
                places[entry.serial] = entries.count
                entries.append(entry)
            } else if let place = line.revoked.flatMap({ places[$0] }), entries[place].revokedAt == nil {
                entries[place].revokedAt = line.at
            }
        }
        return entries
    }

    /// The latest certificate of each node and of each user in each role, in the order of issue.
    ///
    /// - Throws: `FileError`.
    package func latest() throws -> [Entry] {
        let entries = try entries()
        var last: [[String?]: Int] = [:]
        for (place, entry) in entries.enumerated() {
            last[[entry.name, entry.role]] = place
        }
        return last.values.sorted().map { entries[$0] }
    }

    /// Notes a certificate that was signed and is not handed out yet.
    ///
    /// - Throws: `FileError`.
    package func add(_ certificate: Certificate) throws {
        let entry = Entry(
            serial: certificate.serial,
            name: certificate.subject.commonName ?? certificate.subject.description,
            role: certificate.subject.organizationalUnit,
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter
        )
        try append([Line(issued: entry, at: secondsSince1970())])
    }

    /// Notes that certificates are good no more; those that are revoked already stay so since then.
    ///
    /// - Throws: `FileError`.
    package func revoke(_ serials: [String], at time: Int? = nil) throws {
        try append(serials.map { Line(revoked: $0, at: time ?? secondsSince1970()) })
    }

    /// What belongs in the list of revoked certificates: those that have not ended anyway.
    package func revocations(at time: Int? = nil) throws -> [Revocation] {
        let now = time ?? secondsSince1970()
        return try entries().compactMap { entry in
            entry.notAfter < now ? nil : entry.revokedAt.map { Revocation(serial: entry.serial, time: $0) }
        }
    }

    private func append(_ lines: [Line]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes: [UInt8] = []
        for line in lines {
            bytes += Array(try encoder.encode(line)) + [UInt8(ascii: "\n")]
        }
        let lock = try FileLock(path: "\(path).lock")
        defer { extendLifetime(lock) }
        let file = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(0o600))
        guard file >= 0 else {
            throw FileError(action: "write", path: path, code: errno)
        }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        var last: UInt8 = 0
        if size > 0, unsafe pread(file, &last, 1, size - 1) == 1, last != UInt8(ascii: "\n") {
            // What a killed process left; on a line of its own it harms none that follow.
            bytes.insert(UInt8(ascii: "\n"), at: 0)
        }
        guard unsafe write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            throw FileError(action: "write", path: path, code: errno)
        }
    }
}
