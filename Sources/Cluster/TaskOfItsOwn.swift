// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Does work in a task that ends with it.
///
/// A task keeps all memory that its calls once needed until it ends. One that lasts as long as its node would keep
/// tens of KiB of calls to the engine that are long over.
///
/// - Throws: what the work throws; `CancellationError` when the caller was cancelled before it began.
func inTaskOfItsOwn<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await work() }
        guard let value = try await group.next() else {
            throw CancellationError()
        }
        return value
    }
}
