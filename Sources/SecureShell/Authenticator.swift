// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// Offers keys to a server, one after the other, until it takes one.
///
/// In this order: the files that were named (through the agent when it has the key), the other keys
/// of the agent, the default files.
struct Authenticator {
    let loop: SessionLoop
    let destination: SSHDestination
    let options: SSHOptions
    let deadline: Deadline

    private var user: String { destination.endpoint.user }

    /// - Throws: ``SSHError/authentication(_:_:)`` when no key is taken; ``SSHError/keyFile(path:_:)``
    ///   for a file that was named and cannot be used.
    func authenticate() async throws {
        let user = user
        var report = AuthenticationReport()
        do {
            report.acceptedMethods = try await loop.perform(deadline: deadline, stage: .authentication) { core in
                try core.authenticationMethods(user: user)
            }
            guard try await !loop.perform(deadline: deadline, stage: .authentication, { .done($0.isAuthenticated) })
            else {
                return
            }
            guard try await offerAll(&report) else {
                throw SSHError.authentication(destination.endpoint, report)
            }
        } catch SSHError.connectionLost(_, let detail) where !report.offers.isEmpty {
            // A server hangs up after too many offers.
            report.skipped.append("further keys: \(detail)")
            throw SSHError.authentication(destination.endpoint, report)
        }
        loop.submit { $0.releaseAgent() }
    }

    private func offerAll(_ report: inout AuthenticationReport) async throws -> Bool {
        var agentKeys = try await listAgent(&report)
        for path in destination.identityFiles {
            if let blob = PrivateKeyFile.publicKey(beside: path),
                let place = agentKeys.firstIndex(where: { $0.blob == blob })
            {
                if try await offer(agentKeys.remove(at: place), &report) {
                    return true
                }
                continue
            }
            if try await offer(PrivateKeyFile(path: path), &report) {
                return true
            }
        }
        guard !destination.identitiesOnly else {
            return false
        }
        for key in agentKeys where try await offer(key, &report) {
            return true
        }
        return try await offerDefaults(&report)
    }

    private func offerDefaults(_ report: inout AuthenticationReport) async throws -> Bool {
        for path in options.defaultIdentityFiles where !destination.identityFiles.contains(path) {
            do {
                if try await offer(PrivateKeyFile(path: path), &report) {
                    return true
                }
            } catch SSHError.keyFile(_, .missing) {
                continue
            } catch SSHError.keyFile(_, let problem) {
                // Nobody asked for this file by name.
                report.skipped.append("\(path): \(problem.text)")
            }
        }
        return false
    }

    private func listAgent(_ report: inout AuthenticationReport) async throws -> [AgentKey] {
        guard let socket = options.agentSocket else {
            return []
        }
        do {
            return try await loop.perform(deadline: deadline, stage: .authentication) { core in
                .done(try core.connectAgent(socket: socket))
            }
        } catch SSHError.unreachable(_, let detail) {
            report.skipped.append("the agent at \(socket): \(detail)")
            return []
        }
    }

    private func offer(_ key: AgentKey, _ report: inout AuthenticationReport) async throws -> Bool {
        let user = user
        report.offers.append(PublicKeyText.offer(key.blob, source: "agent"))
        return try await loop.perform(deadline: deadline, stage: .authentication) { core in
            try core.authenticate(user: user, agentKey: key.index)
        }
    }

    private func offer(_ file: PrivateKeyFile, _ report: inout AuthenticationReport) async throws -> Bool {
        let user = user
        report.offers.append(file.offer)
        return try await loop.perform(deadline: deadline, stage: .authentication) { core in
            try core.authenticate(user: user, privateKey: file.bytes)
        }
    }
}
