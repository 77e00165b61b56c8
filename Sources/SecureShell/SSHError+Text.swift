// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

extension SSHError {
    package var message: String {
        switch self {
        case .noSuchHost(let host, let detail): "no host named \"\(host)\": \(detail)"
        case .refused(let endpoint): "\"\(endpoint)\" refused the connection"
        case .timedOut(let endpoint, let stage): "\"\(endpoint)\" timed out \(stage.rawValue)"
        case .noRoute(let endpoint): "no route to \"\(endpoint)\""
        case .unreachable(let endpoint, let detail): "cannot connect to \"\(endpoint)\": \(detail)"
        case .connectionLost(let endpoint, let detail): "the connection to \"\(endpoint)\" was lost: \(detail)"
        case .incompatible(let endpoint, let detail):
            "\"\(endpoint)\" has no SSH server that swarmctl can talk to: \(detail)"
        case .hostKeyChanged(let change):
            "the host key of \"\(change.endpoint.address)\" has changed: it is \(change.received), "
                + "and \(change.file):\(change.line) has \(change.expected)"
        case .hostKeyUnknown(let endpoint, let fingerprint, let file):
            "the host key \(fingerprint) of \"\(endpoint.address)\" is not in \(file)"
        case .authentication(let endpoint, let report): "\"\(endpoint)\" accepted no key: \(report.summary)"
        case .keyFile(let path, let problem): "cannot use the private key \"\(path)\": \(problem.text)"
        case .channelRefused(let endpoint, let operation, let detail):
            "\"\(endpoint)\" refused to \(operation): \(detail)"
        case .remoteFile(let endpoint, let action, let path, let problem):
            "cannot \(action) \"\(path)\" on \"\(endpoint)\": \(problem.text)"
        case .cannotListen(let port, let detail): "cannot listen on 127.0.0.1:\(port): \(detail)"
        case .malformedConfig(let file, let line, let reason), .malformedKnownHosts(let file, let line, let reason):
            "\(file):\(line): \(reason)"
        case .closed(let endpoint): "the connection to \"\(endpoint)\" is closed"
        }
    }

    package var hint: String? {
        switch self {
        case .noSuchHost(let host, _): "check the name with `getent hosts \(host)`"
        case .refused(let endpoint), .incompatible(let endpoint, _):
            "check that sshd runs there and listens on port \(endpoint.port): `systemctl status ssh`"
        case .timedOut(let endpoint, .connect), .noRoute(let endpoint), .unreachable(let endpoint, _):
            "check the address, the network and the firewall: `nc -vz \(endpoint.host) \(endpoint.port)`"
        case .hostKeyChanged(let change):
            "if the host was installed anew, remove line \(change.line) of \(change.file); "
                + "otherwise someone may be in between"
        case .hostKeyUnknown(let endpoint, _, let file):
            "compare the fingerprint on the host's console, then "
                + "`ssh-keyscan -p \(endpoint.port) \(endpoint.host) >> \(file)`"
        case .authentication(let endpoint, let report): report.hint(for: endpoint)
        case .keyFile(let path, let problem): problem.hint(path: path)
        case .remoteFile(let endpoint, _, let path, .diskFull):
            "make room: `ssh -p \(endpoint.port) \(endpoint.user)@\(endpoint.host) df -h \(path)`"
        case .cannotListen: "choose another port, or 0 for any free one"
        case .timedOut, .connectionLost, .channelRefused, .remoteFile, .malformedConfig,
            .malformedKnownHosts, .closed:
            nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .noSuchHost, .refused, .timedOut, .noRoute, .unreachable, .connectionLost, .incompatible, .closed:
            .unreachable
        case .hostKeyChanged, .hostKeyUnknown, .authentication, .channelRefused: .denied
        case .keyFile(_, let problem): problem.kind
        case .remoteFile(_, _, _, let problem): problem.kind
        case .cannotListen: .conflict
        case .malformedConfig, .malformedKnownHosts: .usage
        }
    }
}

extension SSHError.KeyFileProblem {
    var text: String {
        switch self {
        case .missing: "there is no such file"
        case .unreadable(let detail): detail
        case .tooOpen(let mode): "others may read it (mode 0\(String(mode, radix: 8)))"
        case .encrypted: "it is encrypted"
        case .malformed(let detail): detail
        }
    }

    func hint(path: String) -> String? {
        switch self {
        case .missing: "name a key that exists; `ssh-keygen -t ed25519` makes one"
        case .unreadable: "check the owner and the mode with `ls -l \(path)`"
        case .tooOpen: "run `chmod 600 \(path)`"
        case .encrypted: "load it into an agent: `eval $(ssh-agent); ssh-add \(path)`"
        case .malformed: "name a private key in OpenSSH or PEM form, not a public key"
        }
    }

    var kind: ErrorKind {
        switch self {
        case .missing, .malformed: .usage
        case .unreadable, .tooOpen, .encrypted: .denied
        }
    }
}

extension SSHError.RemoteFileProblem {
    var text: String {
        switch self {
        case .notFound: "no such file or folder"
        case .denied: "permission denied"
        case .diskFull: "no space left on the disk"
        case .failed(let detail): detail
        }
    }

    var kind: ErrorKind {
        switch self {
        case .notFound: .notFound
        case .denied: .denied
        case .diskFull, .failed: .failed
        }
    }
}

extension AuthenticationReport {
    /// The keys that were offered and those that could not be, in one line.
    var summary: String {
        let offered =
            offers.isEmpty
            ? "no key was offered"
            : "offered "
                + offers.map { "\($0.type) \($0.fingerprint) (\($0.source))" }.joined(separator: ", ")
        return skipped.isEmpty ? offered : "\(offered); skipped \(skipped.joined(separator: ", "))"
    }

    func hint(for endpoint: SSHEndpoint) -> String {
        if offers.contains(where: { $0.type == "ssh-rsa" }) {
            return "today's sshd refuses RSA keys signed with SHA-1, the only way swarmctl's SSH library has: "
                + "make an ed25519 key with `ssh-keygen -t ed25519` and install it with "
                + "`ssh-copy-id -i ~/.ssh/id_ed25519 -p \(endpoint.port) \(endpoint.user)@\(endpoint.host)`"
        }
        if !acceptedMethods.isEmpty, !acceptedMethods.contains("publickey") {
            return "the server takes \(acceptedMethods.joined(separator: ", ")) only: "
                + "set `PubkeyAuthentication yes` in its sshd_config"
        }
        return "name the right key with `--ssh-key`, or install one with "
            + "`ssh-copy-id -p \(endpoint.port) \(endpoint.user)@\(endpoint.host)`"
    }
}
