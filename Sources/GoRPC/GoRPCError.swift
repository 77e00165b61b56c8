// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why bytes are no gob, or a call over net/rpc failed.
package enum GoRPCError: UserFacingError, Equatable {
    /// The stream ended in the middle of a value.
    case truncated
    /// The bytes break a rule of the format.
    case malformed(problem: String)
    /// The bytes follow the format, but ask for more than we hold.
    case tooLarge(problem: String)
    /// The value to encode is not of the type it is to be sent as.
    case mismatch(expected: String)
    /// The other side answered the call with an error.
    case remote(method: String, text: String)
    /// There is no connection, or there is none any more.
    case connection(problem: String)

    package var message: String {
        switch self {
        case .truncated: "the reply ended in the middle of a value"
        case .malformed(let problem): "the reply is no gob: \(problem)"
        case .tooLarge(let problem): "the reply is too large: \(problem)"
        case .mismatch(let expected): "the value is no \(expected)"
        case .remote(_, let text): text
        case .connection(let problem): "the connection failed: \(problem)"
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .connection: .unreachable
        case .mismatch: .bug
        case .truncated, .malformed, .tooLarge, .remote: .failed
        }
    }

    /// Whether the other side does not have the method that was called.
    package var isUnknownMethod: Bool {
        guard case .remote(_, let text) = self else {
            return false
        }
        return text.contains("can't find method") || text.contains("can't find service")
    }
}
