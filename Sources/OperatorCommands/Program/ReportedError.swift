// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Any error in the form of a report, so that it can stand in a ``PartialFailure``.
package struct ReportedError: UserFacingError, Equatable {
    package let report: ErrorReport

    package init(_ error: any Error) {
        report = ErrorReport(error)
    }

    package var message: String { report.message }
    package var hint: String? { report.hint }
    package var kind: ErrorKind { report.kind }
}
