// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Runs `body` for each item, at most `limit` at a time.
///
/// - Parameters:
///   - items: what is worked on.
///   - limit: 1 or more.
///   - body: called once for each item.
/// - Returns: the results in the order of `items`.
package func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item],
    limit: Int = 64,
    _ body: @escaping @Sendable (Item) async -> Result
) async -> [Result] {
    await withTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: items.count)
        var waiting = items.enumerated().makeIterator()
        for _ in 0..<max(1, limit) {
            guard let (index, item) = waiting.next() else {
                break
            }
            group.addTask { (index, await body(item)) }
        }
        while let (index, result) = await group.next() {
            results[index] = result
            if let (index, item) = waiting.next() {
                group.addTask { (index, await body(item)) }
            }
        }
        return results.compactMap { $0 }
    }
}
