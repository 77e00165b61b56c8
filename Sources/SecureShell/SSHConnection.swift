// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// One connection to a host, on which any number of commands, transfers and forwards run at once.
///
/// The connection has a thread of its own, on which every call of libssh2 is made; callers wait
/// without holding a thread. It is closed by ``close()``, or when nobody holds it any more.
package final class SSHConnection: RemoteHost {
    package let destination: SSHDestination
    /// The host's public key as `TYPE BASE64`.
    package let hostKey: String
    let loop: SessionLoop
    /// The connection that this one goes through, kept open for it.
    private let jump: SSHConnection?

    private init(destination: SSHDestination, hostKey: String, loop: SessionLoop, jump: SSHConnection?) {
        self.destination = destination
        self.hostKey = hostKey
        self.loop = loop
        self.jump = jump
    }

    deinit {
        loop.stop()
    }

    package var name: String { destination.endpoint.description }
    var endpoint: SSHEndpoint { destination.endpoint }

    /// Connects: through the jump hosts, dials every address, checks the host's key, authenticates.
    ///
    /// - Parameters:
    ///   - destination: the host.
    ///   - options: known hosts, agent, default keys.
    ///   - deadline: when the whole attempt gives up.
    /// - Returns: a connection that is authenticated.
    /// - Throws: ``SSHError``; `CancellationError`.
    package static func connect(
        to destination: SSHDestination,
        options: SSHOptions,
        deadline: Deadline
    ) async throws -> SSHConnection {
        var jump: SSHConnection?
        for hop in destination.jumps {
            jump = try await establish(hop, through: jump, options: options, deadline: deadline)
        }
        return try await establish(destination, through: jump, options: options, deadline: deadline)
    }

    /// Closes every channel and the connection; calls that wait on it throw ``SSHError/closed(_:)``.
    package func close() async {
        loop.stop()
        await loop.waitForEnd()
        await jump?.close()
    }

    private static func establish(
        _ destination: SSHDestination,
        through jump: SSHConnection?,
        options: SSHOptions,
        deadline: Deadline
    ) async throws -> SSHConnection {
        let endpoint = destination.endpoint
        let loop = try SessionLoop(endpoint: endpoint, keepaliveInterval: options.keepaliveInterval)
        do {
            if let jump {
                try await loop.adopt(try await jump.openStream(to: endpoint, deadline: deadline))
            } else {
                try await loop.dial(deadline: deadline)
            }
            let known = try options.knownHosts.entries(host: endpoint.host, port: endpoint.port)
            let key = try await loop.perform(deadline: deadline, stage: .handshake) { core in
                try core.preferHostKeys(known.map(\.type))
                return try core.handshake().map { _ throws(SSHError) in try core.hostKey() }
            }
            try HostKeyCheck(endpoint: endpoint, options: options).check(key, known: known)
            try await Authenticator(loop: loop, destination: destination, options: options, deadline: deadline)
                .authenticate()
            loop.submit { $0.startKeepalive() }
            return SSHConnection(
                destination: destination,
                hostKey: PublicKeyText.line(key),
                loop: loop,
                jump: jump
            )
        } catch {
            loop.stop()
            throw error
        }
    }
}

extension Progress {
    func map<Other>(_ body: (Value) throws(SSHError) -> Other) throws(SSHError) -> Progress<Other> {
        switch self {
        case .blocked: .blocked
        case .done(let value): .done(try body(value))
        }
    }
}

/// Compares a host's key with what is written down.
struct HostKeyCheck {
    let endpoint: SSHEndpoint
    let options: SSHOptions

    /// - Throws: ``SSHError/hostKeyChanged(_:)``, ``SSHError/hostKeyUnknown(_:fingerprint:file:)``, `FileError`.
    func check(_ key: [UInt8], known: [KnownHosts.Entry]) throws {
        guard !known.contains(where: { $0.key == key }) else {
            return
        }
        let fingerprint = PublicKeyText.fingerprint(key)
        let type = PublicKeyText.type(of: key)
        if let other = known.first(where: { $0.type == type }) ?? known.first {
            throw SSHError.hostKeyChanged(
                HostKeyChange(
                    endpoint: endpoint,
                    file: options.knownHosts.path,
                    line: other.line,
                    expected: PublicKeyText.fingerprint(other.key),
                    received: fingerprint
                )
            )
        }
        switch options.newHostKeys {
        case .pin:
            try options.knownHosts.pin(PublicKeyText.line(key), host: endpoint.host, port: endpoint.port)
        case .refuse:
            throw SSHError.hostKeyUnknown(endpoint, fingerprint: fingerprint, file: options.knownHosts.path)
        }
    }
}
