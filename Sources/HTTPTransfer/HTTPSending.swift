// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Makes HTTP exchanges: the seam at which callers put retries, and tests put failures.
package protocol HTTPSending: Sendable {
    /// Sends `request` and collects the whole response.
    ///
    /// - Returns: the response, whatever its status.
    /// - Throws: ``HTTPError``, or `CancellationError` when the task is cancelled.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
