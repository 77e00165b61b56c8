// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SwarmCore

/// What providers with plain lists of JSON, in numbered pages, have in common.
extension CloudClient {
    /// A provider that always says that there is more is left at this page.
    private static let mostPages = 1000

    /// All elements of a list that comes in pages numbered from 1.
    ///
    /// - Parameters:
    ///   - path: of the list.
    ///   - list: the member of each answer that holds the elements.
    ///   - query: parameters beside the page.
    ///   - size: of a page.
    ///   - hasNext: whether the answer says that a page follows the one with this number.
    /// - Returns: the elements, in order.
    /// - Throws: as ``call(_:_:query:body:accepting:mayRepeat:)``.
    func pages(
        _ path: String,
        _ list: String,
        query: [(String, String)] = [],
        size: Int,
        hasNext: (_ answer: JSON, _ page: Int) -> Bool
    ) async throws -> [JSON] {
        var found: [JSON] = []
        for page in 1...Self.mostPages {
            let all = query + [("page", "\(page)"), ("per_page", "\(size)")]
            let answer = try await call("GET", path, query: all).body
            found += answer[list].elements
            guard hasNext(answer, page) else {
                break
            }
        }
        return found
    }

    /// The provider's number of an SSH key, which is put there when it is missing.
    ///
    /// - Parameters:
    ///   - line: the public key, as in `authorized_keys`.
    ///   - known: all keys at the provider, each with `id` and `public_key`.
    ///   - make: puts the key there; its document, or ``JSON/null`` when another caller was faster.
    /// - Returns: the number.
    /// - Throws: as ``call(_:_:query:body:accepting:mayRepeat:)``, also when the provider does not keep the key.
    func sshKey(
        _ line: String,
        among known: () async throws -> [JSON],
        make: () async throws -> JSON
    ) async throws -> Int {
        // The comment behind the key is the provider's to change.
        let wanted = line.split(separator: " ").prefix(2)
        func look() async throws -> Int? {
            try await known().first { ($0["public_key"].text ?? "").split(separator: " ").prefix(2) == wanted }?["id"]
                .integer
        }
        if let id = try await look() {
            return id
        }
        if let id = try await make()["id"].integer {
            return id
        }
        // Another machine of the cluster was faster.
        guard let id = try await look() else {
            throw problem("the provider does not take the SSH key", .failed)
        }
        return id
    }
}
