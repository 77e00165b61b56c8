// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import SwarmCore

/// Runs `body` for each item, at most `limit` at the same time, and waits for all.
///
/// - Returns: a result for each item, in the order of the items.
package func concurrently<Item: Sendable, Value: Sendable>(
    _ items: [Item],
    limit: Int,
    _ body: @escaping @Sendable (Item) async throws -> Value
) async -> [Result<Value, any Error>] {
    await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
        var results: [Int: Result<Value, any Error>] = [:]
        for (index, item) in items.enumerated() {
            if index >= max(1, limit), let (done, result) = await group.next() {
                results[done] = result
            }
            group.addTask {
                do {
                    return (index, .success(try await body(item)))
                } catch {
                    return (index, .failure(error))
                }
            }
        }
        for await (done, result) in group {
            results[done] = result
        }
        return items.indices.compactMap { results[$0] }
    }
}

/// An error from a place that should only throw errors made for users.
private struct UnexpectedError: UserFacingError {
    let report: ErrorReport
    var message: String { report.message }
    var hint: String? { report.hint }
    var kind: ErrorKind { report.kind }
}

extension Result {
    /// The failure, as something that can be reported; `nil` for a success.
    package var userFacingFailure: (any UserFacingError)? {
        guard case .failure(let error) = self else {
            return nil
        }
        return (error as? any UserFacingError) ?? UnexpectedError(report: ErrorReport(error))
    }
}
