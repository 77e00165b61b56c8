// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import PKI
package import SwarmCore

/// Calls of Docker's API over mutual TLS.
package protocol EngineAccess: Sendable {
    /// Sends a GET and returns the body.
    ///
    /// - Parameters:
    ///   - path: with the query, as in `/info`.
    ///   - target: the engine or manager.
    ///   - deadline: when the call gives up.
    /// - Returns: the whole body, at most 64 MiB.
    /// - Throws: ``OperatorError/engineRefused(url:status:message:)`` for a status beyond 299, and
    ///   ``OperatorError/engineUnreachable(url:problem:)`` or an error of its own when there is no reply.
    func get(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8]

    /// Sends a POST without a body and returns the body of the reply.
    ///
    /// - Throws: as ``get(_:at:deadline:)``.
    func post(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> [UInt8]

    /// Sends a GET and hands the body over as it comes, until it ends or the task is cancelled.
    ///
    /// - Throws: as ``get(_:at:deadline:)``.
    func stream(
        _ path: String,
        at target: EngineTarget,
        onBytes: @escaping @Sendable ([UInt8]) -> Void
    ) async throws
}

extension EngineAccess {
    /// The JSON that a GET returns.
    ///
    /// - Throws: ``OperatorError/unexpectedReply(url:problem:)`` for anything else, and as
    ///   ``get(_:at:deadline:)``.
    package func json(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> JSONValue {
        try Self.json(try await get(path, at: target, deadline: deadline), path, target)
    }

    /// The JSON that a POST without a body returns.
    ///
    /// - Throws: as ``json(_:at:deadline:)``.
    package func postJSON(_ path: String, at target: EngineTarget, deadline: Deadline) async throws -> JSONValue {
        try Self.json(try await post(path, at: target, deadline: deadline), path, target)
    }

    private static func json(_ body: [UInt8], _ path: String, _ target: EngineTarget) throws -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw OperatorError.unexpectedReply(url: target.url + path, problem: "it is not JSON")
        }
    }
}

/// An engine or a manager, and the certificates it is called with.
package struct EngineTarget: Sendable, Hashable {
    /// `https://HOST:PORT`.
    package var url: String
    /// The folder of ca.pem, cert.pem and key.pem.
    package var certificates: String
    /// The name that the certificate must have instead of the host in ``url``: a node's, wherever it is now.
    package var name: String?

    package init(url: String, certificates: String, name: String? = nil) {
        self.url = url
        self.certificates = certificates
        self.name = name
    }
}

extension CommandContext {
    /// Where the manager of a cluster, or the engine of a machine, is called.
    ///
    /// - Throws: as ``Target/url()``.
    package func engineTarget(of target: Target) throws -> EngineTarget {
        EngineTarget(
            url: Self.httpsURL(try target.url()),
            certificates: store.pkiFolder(of: target.clusterName),
            name: certifiedName(of: target)
        )
    }

    /// A machine's name, where it is in the certificate: we have made that one.
    private func certifiedName(of target: Target) -> String? {
        guard case .machine(let machine) = target else {
            return nil
        }
        let issued = try? AuthorityStore(folder: store.pkiFolder(of: machine.cluster)).index.latest()
        let isOurs = issued?.contains { $0.role == nil && $0.name == machine.name } ?? false
        return isOurs ? machine.name : nil
    }

    /// `tcp://` is Docker's word for HTTP over TLS here.
    private static func httpsURL(_ url: String) -> String {
        url.hasPrefix("tcp://") ? "https://" + url.dropFirst("tcp://".count) : url
    }
}
