// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Each document is a node that outlives its session.
extension ZooKeeperStore: DocumentStore {
    package func documents(in folder: String) async throws -> [String: String] {
        try await understood {
            let session = try await connect(timeout: Self.shortSession)
            let folder = "/" + layout.documents(in: folder)
            var documents: [String: String] = [:]
            do {
                for name in try await session.children(folder, watches: false) {
                    documents[name] = try await session.data(folder + "/" + name)?.value
                }
            } catch ZooKeeperError.noNode {
                // Nobody has written there.
            }
            try await session.end()
            return documents
        }
    }

    package func setDocument(_ name: String, in folder: String, to text: String?) async throws {
        try await understood {
            let session = try await connect(timeout: Self.shortSession)
            let path = "/" + layout.document(name, in: folder)
            if let text {
                do {
                    try await create(path, text, session, isEphemeral: false)
                } catch ZooKeeperError.nodeExists {
                    try await session.setData(path, text)
                }
            } else {
                do { try await session.delete(path) } catch ZooKeeperError.noNode {}
            }
            try await session.end()
        }
    }
}
