// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// Why a host was not reached over SSH, or something on it not done.
package enum SSHError: UserFacingError, Equatable {
    case noSuchHost(host: String, detail: String)
    case refused(SSHEndpoint)
    case timedOut(SSHEndpoint, stage: Stage)
    case noRoute(SSHEndpoint)
    /// Another error of the network; `detail` is the system's reason.
    case unreachable(SSHEndpoint, detail: String)
    /// The connection ended after it was up.
    case connectionLost(SSHEndpoint, detail: String)
    /// The other side does not speak SSH 2, or none of the algorithms we have.
    case incompatible(SSHEndpoint, detail: String)
    case hostKeyChanged(HostKeyChange)
    /// The key of a host that must be known is not in `file`.
    case hostKeyUnknown(SSHEndpoint, fingerprint: String, file: String)
    case authentication(SSHEndpoint, AuthenticationReport)
    case keyFile(path: String, KeyFileProblem)
    /// A channel or a request on it was refused; `operation` as in `open a session`.
    case channelRefused(SSHEndpoint, operation: String, detail: String)
    case remoteFile(SSHEndpoint, action: String, path: String, RemoteFileProblem)
    /// The local port of a forward cannot be listened on.
    case cannotListen(port: UInt16, detail: String)
    case malformedConfig(file: String, line: Int, reason: String)
    case malformedKnownHosts(file: String, line: Int, reason: String)
    /// The connection was closed by us.
    case closed(SSHEndpoint)

    /// The part of a connection's life at which the time was over.
    package enum Stage: String, Sendable, Equatable {
        case connect = "connecting"
        case handshake = "waiting for the SSH server's greeting and keys"
        case authentication = "authenticating"
        case command = "running a command"
        case transfer = "transferring a file"
        case channel = "opening a channel"
    }

    /// What is wrong with a private key file.
    package enum KeyFileProblem: Sendable, Equatable {
        case missing
        case unreadable(detail: String)
        /// Others may read it; `mode` is its permission bits.
        case tooOpen(mode: UInt32)
        case encrypted
        case malformed(detail: String)
    }

    /// Why a remote file was not read or written.
    package enum RemoteFileProblem: Sendable, Equatable {
        case notFound
        case denied
        case diskFull
        case failed(detail: String)
    }
}

/// A host whose key is not the one written down.
package struct HostKeyChange: Sendable, Equatable {
    package var endpoint: SSHEndpoint
    /// The known-hosts file and the line, from 1, of the key that was expected.
    package var file: String
    package var line: Int
    /// Fingerprints as in `SHA256:…`.
    package var expected: String
    package var received: String

    package init(endpoint: SSHEndpoint, file: String, line: Int, expected: String, received: String) {
        self.endpoint = endpoint
        self.file = file
        self.line = line
        self.expected = expected
        self.received = received
    }
}

/// What was offered to a server that accepted none of it.
package struct AuthenticationReport: Sendable, Equatable {
    /// A key that was offered.
    package struct Offer: Sendable, Equatable {
        /// `agent` or the path of a file.
        package var source: String
        /// As in `ssh-ed25519`.
        package var type: String
        /// As in `SHA256:…`.
        package var fingerprint: String

        package init(source: String, type: String, fingerprint: String) {
            self.source = source
            self.type = type
            self.fingerprint = fingerprint
        }
    }

    package var offers: [Offer]
    /// Keys that were found but could not be offered, each with the reason.
    package var skipped: [String]
    /// The methods that the server takes, as in `publickey`.
    package var acceptedMethods: [String]

    package init(offers: [Offer] = [], skipped: [String] = [], acceptedMethods: [String] = []) {
        self.offers = offers
        self.skipped = skipped
        self.acceptedMethods = acceptedMethods
    }
}
