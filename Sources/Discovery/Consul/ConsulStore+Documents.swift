// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Each document is a key that no session locks.
extension ConsulStore: DocumentStore {
    package func documents(in folder: String) async throws -> [String: String] {
        let start = layout.documents(in: folder) + "/"
        let pairs = try await client.list(start).pairs.filter { $0.key.hasPrefix(start) }
        return Dictionary(pairs.map { (String($0.key.dropFirst(start.count)), $0.value) }) { $1 }
    }

    package func setDocument(_ name: String, in folder: String, to text: String?) async throws {
        let key = layout.document(name, in: folder)
        if let text {
            try await client.put(key, text)
        } else {
            try await client.delete(key)
        }
    }
}
