// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// A create request that no engine could take.
package enum CreationError: UserFacingError, Equatable {
    /// The body is not the JSON of a container; the detail says where.
    case malformedBody(String)

    package var message: String {
        switch self {
        case .malformedBody(let detail): "invalid JSON in the request to create a container: \(detail)"
        }
    }

    package var kind: ErrorKind { .usage }
}
