// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a command of the operator could not do its work.
package enum OperatorError: UserFacingError, Equatable {
    case unknownName(name: String, known: [String])
    /// The object exists, but its address is not known yet or any more.
    case noAddress(kind: String, name: String)
    case noManager(cluster: String)
    case noSSH(machine: String)
    /// A machine was meant and a cluster of several machines named.
    case notOneMachine(name: String, machines: [String])
    case badTemplate(problem: String)
    case templateFailed(problem: String)
    case badFilter(text: String, problem: String)
    case unknownShell(name: String)
    case nothingActive
    case badContextName(name: String, problem: String)
    case foreignContext(name: String)
    case missingProgram(name: String, use: String, hint: String)
    case programFailed(name: String, status: Int32)
    case badLocation(text: String, problem: String)
    case badFlag(flag: String, problem: String, hint: String?)
    /// The engine or manager answered, but not with success.
    case engineRefused(url: String, status: Int, message: String)
    case engineUnreachable(url: String, problem: String)
    case unexpectedReply(url: String, problem: String)
    case unhealthy(verdicts: Int, kind: ErrorKind)
    case missingCertificates(folder: String)
    case lastManager(cluster: String, machine: String)
    /// What was to be made is there already.
    case taken(path: String)

    package var message: String {
        switch self {
        case .unknownName(let name, _): "no cluster or machine named \"\(name)\""
        case .noAddress(let kind, let name): "the address of the \(kind) \"\(name)\" is not known"
        case .noManager(let cluster): "the cluster \"\(cluster)\" has no manager"
        case .noSSH(let machine): "the machine \"\(machine)\" is not reached over SSH"
        case .notOneMachine(let name, _): "\"\(name)\" is a cluster of several machines and one machine is needed"
        case .badTemplate(let problem): "the template cannot be read: \(problem)"
        case .templateFailed(let problem): "the template failed: \(problem)"
        case .badFilter(let text, let problem): "the filter \"\(text)\" cannot be used: \(problem)"
        case .unknownShell(let name): "the shell \"\(name)\" is not known"
        case .nothingActive: "no cluster or machine of this store is active"
        case .badContextName(let name, let problem): "the context name \"\(name)\" cannot be used: \(problem)"
        case .foreignContext(let name): "the docker context \"\(name)\" was not made by swarmctl"
        case .missingProgram(let name, let use, _): "the program \"\(name)\", which \(use), was not found"
        case .programFailed(let name, let status): "\(name) ended with exit status \(status)"
        case .badLocation(let text, let problem): "\"\(text)\": \(problem)"
        case .badFlag(let flag, let problem, _): "\(flag): \(problem)"
        case .engineRefused(let url, let status, let message): "\(url) answered \(status): \(message)"
        case .engineUnreachable(let url, let problem): "\(url) is not reached: \(problem)"
        case .unexpectedReply(let url, let problem): "\(url) answered in an unexpected way: \(problem)"
        case .unhealthy(let verdicts, _): verdicts == 1 ? "1 check failed" : "\(verdicts) checks failed"
        case .missingCertificates(let folder): "there are no certificates in \"\(folder)\""
        case .taken(let path): "\"\(path)\" is there already"
        case .lastManager(let cluster, let machine):
            "\"\(machine)\" is the last manager of the cluster \"\(cluster)\""
        }
    }

    package var hint: String? {
        switch self {
        case .unknownName(_, let known):
            "list what there is with `swarmctl ls`"
                + (known.isEmpty ? "" : "; known are: \(known.joined(separator: ", "))")
        case .noAddress(_, let name), .noManager(let name):
            "look at `swarmctl ls`, and run the create command of \"\(name)\" again: it goes on where it stopped"
        case .noSSH: "only machines that swarmctl reaches over SSH take this command"
        case .notOneMachine(_, let machines): "name one of them: \(machines.joined(separator: ", "))"
        case .badTemplate, .templateFailed: "see what there is with `swarmctl inspect NAME`"
        case .badFilter: "use KEY=VALUE with a key of name, kind, cluster, driver, role, state, label"
        case .unknownShell: "give one with `--shell bash`; zsh, fish, powershell, cmd, tcsh and emacs are known too"
        case .nothingActive: "run `eval $(swarmctl env NAME)`, or `swarmctl context NAME --use`"
        case .badContextName: "choose another name with `--as`"
        case .foreignContext(let name): "remove it with `docker context rm \(name)`, or choose another name with `--as`"
        case .missingProgram(_, _, let hint): hint
        case .badFlag(_, _, let hint): hint
        case .engineUnreachable, .engineRefused: "look for the cause with `swarmctl doctor`"
        case .missingCertificates: "make them with `swarmctl provision NAME`"
        case .lastManager(let cluster, _): "remove the whole cluster with `swarmctl rm \(cluster)`"
        case .taken: "give another place with `--out`"
        case .programFailed, .badLocation, .unexpectedReply, .unhealthy: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .unknownName, .nothingActive, .missingProgram, .missingCertificates: .notFound
        case .noAddress, .noManager, .foreignContext, .lastManager, .taken: .conflict
        case .noSSH, .notOneMachine, .badTemplate, .badFilter, .unknownShell, .badContextName, .badLocation, .badFlag:
            .usage
        case .templateFailed, .programFailed, .unexpectedReply: .failed
        case .engineRefused(_, let status, _):
            status == 403 || status == 401 ? .denied : status == 404 ? .notFound : .failed
        case .engineUnreachable: .unreachable
        case .unhealthy(_, let kind): kind
        }
    }
}
