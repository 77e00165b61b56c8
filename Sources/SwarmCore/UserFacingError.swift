// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// An error that the person running `swarmctl`, or calling its API, can act on.
///
/// Each module throws its own enum that conforms, so that tests match on cases and never on text.
/// Anything that reaches `main` without conforming is reported as a bug in swarmctl.
package protocol UserFacingError: Error, Sendable {
    /// What failed, naming the object; lower case, no final stop, because it follows `Error: `.
    var message: String { get }

    /// What to do next, in the imperative; `nil` when there is nothing useful to add.
    var hint: String? { get }

    /// The class of failure; it alone decides the exit status and the HTTP status.
    var kind: ErrorKind { get }
}

extension UserFacingError {
    package var hint: String? { nil }
}

/// The classes of failure that a script or an API client may tell apart.
///
/// The raw value is the process exit status, a contract (`docs/exit-status.md`): add, never renumber.
package enum ErrorKind: Int32, Sendable, CaseIterable {
    /// Several objects failed, for different reasons.
    case failed = 1
    /// A check made before anything was created said no.
    case preCreateCheck = 3
    case notFound = 10
    case conflict = 11
    case noCapacity = 12
    case unreachable = 13
    case denied = 14
    case usage = 64
    case bug = 70
    case cancelled = 130

    /// The word for the class in JSON output, for example `not-found`.
    package var word: String {
        switch self {
        case .failed: "failed"
        case .preCreateCheck: "pre-create-check"
        case .notFound: "not-found"
        case .conflict: "conflict"
        case .noCapacity: "no-capacity"
        case .unreachable: "unreachable"
        case .denied: "denied"
        case .usage: "usage"
        case .bug: "bug"
        case .cancelled: "cancelled"
        }
    }

    /// The status of an HTTP reply that reports the error.
    package var httpStatus: Int {
        switch self {
        case .usage: 400
        case .denied: 403
        case .notFound: 404
        case .conflict: 409
        case .failed, .preCreateCheck, .bug, .noCapacity: 500
        case .unreachable, .cancelled: 503
        }
    }
}

/// What every report of an error is made of, whichever error it is.
package struct ErrorReport: Equatable, Sendable {
    package var kind: ErrorKind
    package var message: String
    package var hint: String?

    /// Reads `error`; one that is not ``UserFacingError`` becomes a bug report.
    package init(_ error: any Error) {
        switch error {
        case let error as any UserFacingError:
            kind = error.kind
            message = error.message
            hint = error.hint
        case is CancellationError:
            kind = .cancelled
            message = "cancelled"
        default:
            kind = .bug
            message = "internal: \(error)"
            hint = "this is a bug in swarmctl; run it again with `--debug` and report what it prints"
        }
    }

    /// The lines printed on standard error: `Error: …`, an empty line, `Hint: …`.
    package var text: String {
        "Error: \(message)" + (hint.map { "\n\nHint: \($0)" } ?? "")
    }
}
