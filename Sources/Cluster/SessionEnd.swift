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

    var message: String {
        switch self {
        case .streamEnded(let reason): "the stream of events ended: \(reason)"
        case .probesFailed(let count, let reason): "no answer to \(count) probes in a row: \(reason)"
        case .tooOld(let highest, let needed): "the engine speaks API \(highest) at most; \(needed) is needed"
        }
    }

    var kind: ErrorKind {
        switch self {
        case .streamEnded, .probesFailed: .unreachable
        case .tooOld: .failed
        }
    }
}
