// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// Each document is a key without a lease.
extension EtcdStore: DocumentStore {
    package func documents(in folder: String) async throws -> [String: String] {
        let start = layout.documents(in: folder) + "/"
        // "0" follows "/": all keys that begin with the folder.
        let end = layout.documents(in: folder) + "0"
        let answer = try await client.call("/v3/kv/range", ["key": .etcd(start), "range_end": .etcd(end)])
        var documents: [String: String] = [:]
        for pair in answer["kvs"]?.elements ?? [] {
            if let key = pair.etcdText("key"), key.hasPrefix(start) {
                documents[String(key.dropFirst(start.count))] = pair.etcdText("value") ?? ""
            }
        }
        return documents
    }

    package func setDocument(_ name: String, in folder: String, to text: String?) async throws {
        let key = JSON.etcd(layout.document(name, in: folder))
        if let text {
            _ = try await client.call("/v3/kv/put", ["key": key, "value": .etcd(text)])
        } else {
            _ = try await client.call("/v3/kv/deleterange", ["key": key])
        }
    }
}
