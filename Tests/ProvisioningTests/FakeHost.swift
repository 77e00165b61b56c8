// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import Provisioning
import SecureShell
import SwarmCore
import Synchronization

/// A host that answers each script with the first answer whose mark is in it, and keeps the scripts.
final class FakeHost: RemoteHost {
    struct Answer: Sendable {
        /// Text that only the script in question holds.
        var mark: String
        var output: String
        var errors = ""
        var status: CommandStatus = .exited(0)
    }

    let name = "root@fake"
    private let answers: [Answer]
    private let received = Mutex<[(command: String, script: String)]>([])

    private let missing: String?
    private let sent = Mutex<[String]>([])

    /// - Parameters:
    ///   - answers: to scripts.
    ///   - missing: the beginning of paths that nothing can be sent to, because their folder is not there.
    init(_ answers: [Answer], missing: String? = nil) {
        self.answers = answers
        self.missing = missing
    }

    /// Where files were sent to.
    var uploads: [String] { sent.withLock(\.self) }

    var commands: [String] { received.withLock { $0.map(\.command) } }
    var scripts: [String] { received.withLock { $0.map(\.script) } }

    func run(
        _ command: String,
        input: [UInt8],
        deadline: Deadline,
        onOutput: @escaping @Sendable (CommandOutput) -> Void
    ) async throws -> CommandStatus {
        let script = String(decoding: input, as: UTF8.self)
        received.withLock { $0.append((command, script)) }
        guard let answer = answers.first(where: { script.contains($0.mark) }) else {
            return .exited(127)
        }
        // In two pieces, so that a line may be split anywhere.
        let bytes = Array(answer.output.utf8)
        onOutput(.standardOutput(Array(bytes.prefix(bytes.count / 2))))
        onOutput(.standardError(Array(answer.errors.utf8)))
        onOutput(.standardOutput(Array(bytes.dropFirst(bytes.count / 2))))
        return answer.status
    }

    func upload(_ localPath: String, to remotePath: String, mode: UInt32, deadline: Deadline) async throws {
        if let missing, remotePath.hasPrefix(missing) {
            let endpoint = SSHEndpoint(user: "root", host: "fake")
            throw SSHError.remoteFile(endpoint, action: "write", path: remotePath, .notFound)
        }
        sent.withLock { $0.append(remotePath) }
    }
}

/// An engine that answers each call with the next of its answers for that method and path.
final class FakeEngine: HTTPSending {
    private let answers: Mutex<[String: [HTTPResponse]]>
    private let received = Mutex<[String]>([])

    init(_ answers: [String: [(Int, String)]]) {
        self.answers = Mutex(
            answers.mapValues { list in
                list.map { HTTPResponse(head: HTTPHead(status: $0.0), body: Array($0.1.utf8)) }
            }
        )
    }

    var calls: [String] { received.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.url.split(separator: "/", maxSplits: 2).last ?? ""
        let call = "\(request.method) /\(path)"
        received.withLock { $0.append(call) }
        return answers.withLock { answers in
            guard let first = answers[call]?.first else {
                return HTTPResponse(head: HTTPHead(status: 404), body: Array(#"{"message":"not there"}"#.utf8))
            }
            if answers[call, default: []].count > 1 {
                answers[call]?.removeFirst()
            }
            return first
        }
    }
}

/// What a look reports on a host where everything is right.
enum Reports {
    static let fresh = """
        ::user root
        ::uid 0
        ::os-release
        ::os-release ID=debian
        ::os-release VERSION_CODENAME=bookworm

        ::machine x86_64
        ::services systemd
        ::command apt-get
        ::room / 10000000
        ::room /var/cache 10000000
        ::done yes

        """
}

/// A request for a host, with an engine that is never called.
func request(_ host: FakeHost) -> ProvisionRequest {
    ProvisionRequest(
        host: host,
        nodeName: "n1",
        clusterName: "lab",
        address: "10.0.0.1",
        authority: "CA\n",
        client: ClientIdentity(authorityPath: "/ca", certificatePath: "/cert", keyPath: "/key"),
        templates: TemplateSource(standard: TemplateTests.folder)
    ) { _, _ in "CERT" }
}
