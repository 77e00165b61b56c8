// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import PKI
internal import SwarmCore

/// How far the renewal of a cluster's certificates has come; the file `clusters/NAME/rotation.json` while one is under way.
struct CertificateRotation: Codable, Equatable {
    /// What is done to all hosts before the next phase begins.
    enum Phase: String, Codable {
        /// They get to trust the new authority beside the old one.
        case trust
        /// They get new certificates.
        case change
        /// They trust the old authority no more.
        case drop
    }

    var version = 1
    /// Whether the authority is replaced too.
    var replacesAuthority: Bool
    var phase: Phase
    /// When it began, in seconds since 1970, UTC: certificates made since then are new ones.
    var startedAt: Int
    /// Of the new certificates, in seconds; `nil` for the cluster's own setting.
    var life: Int?

    /// Begins one.
    init(replacingAuthority: Bool, at time: Int) {
        replacesAuthority = replacingAuthority
        phase = replacingAuthority ? .trust : .change
        startedAt = time
    }

    var newLife: CertificateLife? { life.map { CertificateLife(seconds: $0) } }

    static func path(in folder: String) -> String { "\(folder)/rotation.json" }

    /// The one under way; `nil` when there is none.
    static func read(in folder: String) throws -> CertificateRotation? {
        let path = path(in: folder)
        guard AtomicFile.exists(path) else {
            return nil
        }
        return try JSONDecoder().decode(CertificateRotation.self, from: Data(AtomicFile.read(path)))
    }

    func write(in folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(Array(encoder.encode(self)) + [UInt8(ascii: "\n")], to: Self.path(in: folder))
    }
}
