// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import SwarmCore

/// Why following an engine ended, beyond what its client reports.
enum SessionEnd: UserFacingError, Equatable {
    /// The stream of events broke; the engine may be there all the same.
    case streamEnded(reason: String)
    case probesFailed(count: Int, reason: String)
    case tooOld(highest: APIVersion, needed: APIVersion)
    /// Another node that works has the certificate of this one.
    case clone(certificate: String, name: String, address: String)
    /// The engine's name is none of those in its certificate.
    case otherName(engine: String, certificate: String)

    var message: String {
        switch self {
        case .streamEnded(let reason): "the stream of events ended: \(reason)"
        case .probesFailed(let count, let reason): "no answer to \(count) probes in a row: \(reason)"
        case .clone(let certificate, let name, let address):
            "the certificate of \(certificate) is also that of \(name) (\(address)), which works: a host that was copied "
                + "with its keys stays out until it has its own: give it another name, remove /etc/docker/server*.pem, "
                + "/etc/docker/key.json and /var/lib/docker/engine-id on it, and add it with `swarmctl add node`"
        case .otherName(let engine, let certificate):
            "the engine calls itself \(engine), but its certificate is that of \(certificate) and not for this address: "
                + "run `swarmctl provision` for a new one"
        case .tooOld(let highest, let needed): "the engine speaks API \(highest) at most; \(needed) is needed"
        }
    }

    var kind: ErrorKind {
        switch self {
        case .streamEnded, .probesFailed: .unreachable
        case .tooOld: .failed
        case .clone, .otherName: .conflict
        }
    }
}
