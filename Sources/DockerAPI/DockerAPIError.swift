// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a call to an engine, or to another HTTP server, did not give the answer asked for.
package enum DockerAPIError: UserFacingError, Equatable {
    /// The text is no address of an engine.
    case malformedAddress(String)
    /// No connection: refused, no route, name not found.
    case cannotConnect(address: String, reason: String)
    /// The TLS handshake failed; `reason` says which certificate and why.
    case handshakeFailed(address: String, reason: String)
    /// A file for TLS cannot be read or used.
    case unusableTLSFile(path: String, reason: String)
    /// The connection broke before the answer was complete.
    case connectionLost(address: String, reason: String)
    /// The peer sent something that is not HTTP/1.1, or beyond a limit.
    case malformedMessage(reason: String)
    /// What arrived is larger than the receiver takes.
    case tooLarge(what: String, limit: Int)
    /// The answer is not what the API describes.
    case unexpectedAnswer(what: String)
    /// The engine answered with an error: its status and the `message` in it.
    case refused(status: Int, message: String)
    /// All connections of the pool are taken and none came free in time.
    case tooManyConnections(address: String)

    package var message: String {
        switch self {
        case .malformedAddress(let text): "\"\(text)\" is no address of a Docker engine"
        case .cannotConnect(let address, let reason): "cannot connect to \"\(address)\": \(reason)"
        case .handshakeFailed(let address, let reason): "TLS with \"\(address)\" failed: \(reason)"
        case .unusableTLSFile(let path, let reason): "cannot use \"\(path)\" for TLS: \(reason)"
        case .connectionLost(let address, let reason): "connection to \"\(address)\" lost: \(reason)"
        case .malformedMessage(let reason): "malformed HTTP message: \(reason)"
        case .tooLarge(let what, let limit): "\(what) is larger than \(limit) bytes"
        case .unexpectedAnswer(let what): "unexpected answer: \(what)"
        case .refused(_, let message): message
        case .tooManyConnections(let address): "too many connections to \"\(address)\""
        }
    }

    package var hint: String? {
        switch self {
        case .malformedAddress: "write HOST:PORT, `tcp://HOST:PORT` or `unix:///PATH`"
        default: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .malformedAddress, .malformedMessage, .tooLarge: .usage
        case .unusableTLSFile: .failed
        case .cannotConnect, .handshakeFailed, .connectionLost, .tooManyConnections: .unreachable
        case .unexpectedAnswer: .bug
        case .refused(let status, _):
            switch status {
            case 400: .usage
            case 401, 403: .denied
            case 404: .notFound
            case 409: .conflict
            case 503: .unreachable
            default: .failed
            }
        }
    }
}
