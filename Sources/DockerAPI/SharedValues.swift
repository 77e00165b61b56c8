// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Synchronization

/// Values that thousands of engines say alike, kept once: an image that all nodes have, the labels of a service.
///
/// What is remembered is bounded. A value that is forgotten here stays with those who have it.
final class SharedValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private let values = Mutex<[Key: Value]>([:])

    /// - Parameter limit: how many are remembered; with one more all are forgotten.
    init(limit: Int) {
        self.limit = limit
    }

    /// The value for `key` that was made first.
    ///
    /// - Parameters:
    ///   - key: to look it up with.
    ///   - make: the key to keep, and the value; called when there is none yet.
    /// - Returns: it, or the one just made.
    func value(_ key: Key, make: () -> (Key, Value)) -> Value {
        if let known = values.withLock({ $0[key] }) {
            return known
        }
        let (kept, value) = make()
        values.withLock { values in
            if values.count >= limit {
                values = [:]
            }
            values[kept] = value
        }
        return value
    }
}

enum SharedTexts {
    private static let strings = SharedValues<String, String>(limit: 16_384)
    private static let maps = SharedValues<JSON, [String: String]>(limit: 4096)

    /// A string with storage that others have too.
    static func string(_ text: String) -> String {
        // Short ones have no storage.
        text.utf8.count < 16 ? text : strings.value(text) { (text, text) }
    }

    /// ``JSON/stringMap`` of an object.
    static func map(_ json: JSON) -> [String: String] {
        maps.value(json) { (json.detached, json.stringMap) }
    }
}
