// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Failures of several objects of one call; one error for each object that failed.
package struct PartialFailure: UserFacingError {
    /// In the order the user named the objects, so that the message does not depend on timing.
    package let failures: [any UserFacingError]
    /// How many objects the call was about.
    package let total: Int

    package init(failures: [any UserFacingError], total: Int) {
        self.failures = failures
        self.total = total
    }

    package var message: String {
        if total <= 1, let only = failures.first {
            return only.message
        }
        let lines = failures.map { "  \($0.message)" }
        return (["\(failures.count) of \(total) failed:"] + lines).joined(separator: "\n")
    }

    package var hint: String? {
        let hints = failures.compactMap(\.hint)
        return hints.first.flatMap { first in hints.allSatisfy { $0 == first } ? first : nil }
    }

    /// The kind that all failures share, else ``ErrorKind/failed``.
    package var kind: ErrorKind {
        guard let first = failures.first?.kind else {
            return .bug
        }
        return failures.allSatisfy { $0.kind == first } ? first : .failed
    }
}
