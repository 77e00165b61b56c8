// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import PKI
import SecureShell
import SwarmCore

/// An sshd of our own on a free loopback port, with its own keys; ended and removed with its owner.
final class TestServer: Sendable {
    let folder: String
    let port: UInt16
    let hostKey: SSHKeyPair
    let userKey: SSHKeyPair
    private let process: SpawnedProcess

    static let user = NSUserName()

    /// Starts the server and waits until it listens.
    init(options: [String] = []) async throws {
        folder = NSTemporaryDirectory() + "/swarmctl-ssh-\(UUID().uuidString)"
        try AtomicFile.makeFolder(folder)
        try? AtomicFile.makeFolder("/run/sshd", mode: 0o755)
        hostKey = try SSHKeyPair.generate(comment: "host")
        userKey = try SSHKeyPair.generate(comment: "user")
        port = try LoopbackSocket.freePort()
        try AtomicFile.write(hostKey.privateKey, to: "\(folder)/host_key")
        try AtomicFile.write(userKey.privateKey, to: "\(folder)/id_user")
        try AtomicFile.write(userKey.publicKey + "\n", to: "\(folder)/id_user.pub")
        try AtomicFile.write(userKey.publicKey + "\n", to: "\(folder)/authorized_keys")
        // The first value wins in sshd_config.
        let settings =
            options + [
                "ListenAddress 127.0.0.1:\(port)", "HostKey \(folder)/host_key", "PidFile none", "UsePAM no",
                "AuthorizedKeysFile \(folder)/authorized_keys", "StrictModes no", "PermitRootLogin yes",
                "PasswordAuthentication no", "KbdInteractiveAuthentication no", "MaxStartups 100",
                "MaxSessions 64", "Subsystem sftp internal-sftp", "LogLevel VERBOSE",
            ]
        try AtomicFile.write(settings.map { "\($0)\n" }.joined(), to: "\(folder)/sshd_config")
        process = try SpawnedProcess(["/usr/sbin/sshd", "-D", "-f", "\(folder)/sshd_config", "-E", "\(folder)/log"])
        let deadline = Deadline.after(.seconds(10))
        while !LoopbackSocket.isListening(port) {
            guard !deadline.hasPassed else {
                throw TestServerError(log: (try? AtomicFile.readText("\(folder)/log")) ?? "no log")
            }
            try await ContinuousClock().sleep(for: .milliseconds(10))
        }
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var keyPath: String { "\(folder)/id_user" }
    var knownHosts: KnownHosts { KnownHosts(path: "\(folder)/known_hosts") }
    var endpoint: SSHEndpoint { SSHEndpoint(user: Self.user, host: "127.0.0.1", port: port) }

    var destination: SSHDestination {
        SSHDestination(endpoint: endpoint, identityFiles: [keyPath], identitiesOnly: true)
    }

    /// Neither the agent nor the keys of whoever runs the tests.
    var options: SSHOptions {
        SSHOptions(knownHosts: knownHosts, agentSocket: nil, defaultIdentityFiles: [])
    }

    func connect(deadline: Deadline = .after(.seconds(20))) async throws -> SSHConnection {
        try await SSHConnection.connect(to: destination, options: options, deadline: deadline)
    }

    func path(_ name: String) -> String {
        "\(folder)/\(name)"
    }
}

/// A child process, started without Foundation: its `Process` takes a child that closes the
/// descriptors it inherited, as sshd does, for one that has ended, and blocks all others.
final class SpawnedProcess: Sendable {
    private let number: pid_t

    init(_ arguments: [String]) throws {
        var number: pid_t = 0
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        guard posix_spawn(&number, arguments[0], nil, nil, &pointers, environ) == 0 else {
            throw TestServerError(log: "cannot start \(arguments)")
        }
        self.number = number
    }

    func terminate() {
        // Not SIGTERM: threads of Dispatch block it, and a child inherits that.
        kill(number, SIGKILL)
        waitpid(number, nil, 0)
    }
}

struct TestServerError: Error {
    let log: String
}

/// Loopback ports for tests.
enum LoopbackSocket {
    /// A port that was free a moment ago.
    static func freePort() throws -> UInt16 {
        let (file, port) = try listen()
        close(file)
        return port
    }

    /// A socket that listens, and its port.
    static func listen(backlog: Int32 = 16) throws -> (file: Int32, port: UInt16) {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(file, pointer, size) == 0 && Foundation.listen(file, backlog) == 0
                    && getsockname(file, pointer, &size) == 0
            }
        }
        guard isReady else {
            throw TestServerError(log: "cannot listen")
        }
        return (file, UInt16(bigEndian: address.sin_port))
    }

    /// A connected socket; nil when nobody listens.
    static func connect(_ port: UInt16) -> Int32? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                Foundation.connect(file, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if !isConnected {
            close(file)
        }
        return isConnected ? file : nil
    }

    static func isListening(_ port: UInt16) -> Bool {
        guard let file = connect(port) else {
            return false
        }
        close(file)
        return true
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
