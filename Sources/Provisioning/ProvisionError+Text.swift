// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

extension ProvisionError {
    package var message: String { "host \"\(host)\": \(step.rawValue): \(cause.text)" }

    package var hint: String? { cause.hint(host: host) }

    package var kind: ErrorKind { cause.kind }
}

extension ProvisionError.Cause {
    var text: String {
        switch self {
        case .notReached(let reason): "not reached: \(reason)"
        case .noPrivilege(let user): "the user \"\(user)\" is not root and has no password-less sudo"
        case .unsupportedSystem(let name): "no way to install an engine on \"\(name)\" is known"
        case .architectureNotSupported(let name): "the architecture \"\(name)\" is not supported"
        case .noEngine: "no Docker Engine is installed, and --engine-install is none"
        case .engineTooOld(let version): "Docker Engine \(version) is too old: \(EngineVersion.oldest) is needed"
        case .diskFull(let path, let free): "the disk is full: \(free) free on \"\(path)\""
        case .noPackageNetwork(let manager, let reason): "\(manager) cannot reach its repositories: \(reason)"
        case .packagesLocked(let holder): "the package manager's lock is held by \(holder)"
        case .packageMissing(let package, let reason): "no package \"\(package)\": \(reason)"
        case .installFailed(let reason): "the installation failed: \(reason)"
        case .checksumMismatch(let url, let expected, let actual):
            "\"\(url)\" was not executed: its SHA-256 is \(actual), not \(expected)"
        case .malformedConfiguration(let path, let reason): "\"\(path)\" was not touched: \(reason)"
        case .badOption(let option, let reason): "\(option): \(reason)"
        case .portTaken(let port, let holder): "port \(port) is taken by \(holder)"
        default: laterText
        }
    }

    /// The causes that arise once the engine is there.
    private var laterText: String {
        switch self {
        case .engineDidNotStart(let reason, let restored):
            "the engine did not start with the new configuration: \(reason)"
                + (restored ? "; the old configuration is back" : "; and it does not start with the old one either")
        case .configurationRejected(let reason):
            "the engine does not take the new configuration, and nothing was changed: \(reason)"
        case .wouldStopContainers(let count, let reason):
            "restarting the engine would stop \(count) running container\(count == 1 ? "" : "s"): \(reason)"
        case .changedMeanwhile(let path): "\"\(path)\" was changed by someone else meanwhile"
        case .certificateRejected(let reason): "the certificate was not accepted: \(reason)"
        case .firewallFailed(let firewall, let reason): "\(firewall) did not take the rule: \(reason)"
        case .notAnswering(let endpoint, let reason, _): "the engine does not answer at \(endpoint): \(reason)"
        case .engineRefused(let call, let status, let reason): "the engine refused \(call) with \(status): \(reason)"
        case .containerDidNotStay(let name, let reason): "the container \"\(name)\" does not stay up: \(reason)"
        case .notRegistered(let manager, let reason): "not healthy in the manager at \(manager): \(reason)"
        case .scriptFailed(let status, let output): "the script ended with \(status): \(output)"
        case .template(let name, let reason): "the template \"\(name)\" cannot be used: \(reason)"
        default: ""
        }
    }

    func hint(host: String) -> String? {
        switch self {
        case .noPrivilege(let user):
            "connect as root, or allow it with `echo '\(user) ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/\(user)`"
        case .unsupportedSystem: "install Docker Engine there and run the command again with `--engine-install none`"
        case .noEngine: "run the command again with `--engine-install package`"
        case .engineTooOld: "upgrade the engine on the host, or remove it and run the command again"
        case .diskFull(let path, _): "make room on the host, see `df -h \(path)`, and run the command again"
        case .noPackageNetwork:
            "check the host's network and proxy with `swarmctl ssh \(host) curl -I https://deb.debian.org`"
        case .packagesLocked: "wait until it ends, and run the command again"
        case .checksumMismatch: "look at the script, and give its checksum with `--engine-install script=URL,sha256=…`"
        case .malformedConfiguration(let path, _): "correct it with `swarmctl ssh \(host) vi \(path)`"
        case .portTaken: "stop what listens there, or choose another port"
        case .engineDidNotStart: "see `swarmctl ssh \(host) journalctl -u docker -n 50`"
        case .wouldStopContainers: "stop the containers yourself, or allow it with `--stop-containers`"
        case .changedMeanwhile: "run the command again"
        case .notAnswering: "check that no firewall between here and the host blocks the port"
        case .containerDidNotStay(let name, _): "see `swarmctl ssh \(host) docker logs \(name)`"
        case .notRegistered: "see `swarmctl doctor`"
        default: nil
        }
    }

    var kind: ErrorKind {
        switch self {
        case .notReached, .noPackageNetwork, .notRegistered: .unreachable
        case .noPrivilege: .denied
        case .diskFull: .noCapacity
        case .portTaken, .changedMeanwhile, .wouldStopContainers, .packagesLocked: .conflict
        case .notAnswering(_, _, let kind): kind
        case .badOption, .template: .usage
        default: .failed
        }
    }
}
