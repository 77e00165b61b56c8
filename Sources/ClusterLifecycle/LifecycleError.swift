// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a cluster could not be planned, made or changed.
package enum LifecycleError: UserFacingError, Equatable {
    /// A wish that cannot be met, with the flag or key it came from.
    case badSpec(field: String, problem: String)
    case badFile(path: String, line: Int?, problem: String)
    /// The cluster exists and is of another kind.
    case driverDiffers(cluster: String, existing: String, wanted: String)
    /// A machine's name belongs to another cluster already.
    case machineElsewhere(machine: String, cluster: String)
    case noSwarmd(looked: [String])
    case badSecret(option: String, problem: String)
    /// The plan needs a yes and there is nobody to ask.
    case notConfirmed
    /// A user to whom the cluster's authority has never issued a certificate.
    case noCertificate(user: String, cluster: String)
    /// The cluster's manager could not be made, so that the other machines have nothing to join.
    case managerFailed(machine: String, reason: String, kind: ErrorKind)
    /// A machine that another step needs failed; its own error is reported beside this one.
    case dependsOn(machine: String)

    package var message: String {
        switch self {
        case .badSpec(let field, let problem): "\(field): \(problem)"
        case .badFile(let path, let line, let problem): "\(path)\(line.map { ":\($0)" } ?? ""): \(problem)"
        case .driverDiffers(let cluster, let existing, let wanted):
            "the cluster name \"\(cluster)\" is taken: it exists with the driver \(existing), not \(wanted)"
        case .machineElsewhere(let machine, let cluster):
            "the machine name \"\(machine)\" is taken: it belongs to the cluster \"\(cluster)\""
        case .noSwarmd(let looked):
            "the program swarmd, which runs on the nodes, was not found (looked at \(looked.joined(separator: ", ")))"
        case .badSecret(let option, let problem): "--\(option): \(problem)"
        case .noCertificate(let user, let cluster): "the cluster \"\(cluster)\" has no certificate of \"\(user)\""
        case .notConfirmed: "nothing was changed: the plan was not confirmed"
        case .managerFailed(let machine, let reason, _): "the manager \"\(machine)\" could not be made: \(reason)"
        case .dependsOn(let machine): "not attempted, because \"\(machine)\" failed"
        }
    }

    package var hint: String? {
        switch self {
        case .badSpec, .badFile, .badSecret: nil
        case .driverDiffers(let cluster, _, _): "choose another name, or remove it with `swarmctl rm \(cluster)`"
        case .machineElsewhere: "choose another name, or look at `swarmctl ls`"
        case .noSwarmd: "build it with `make swarmd`, or say where it is with SWARMCTL_SWARMD"
        case .noCertificate(_, let cluster): "see whose there are with `swarmctl certs ls \(cluster)`"
        case .notConfirmed: "run it again with `-y`"
        case .managerFailed, .dependsOn: "run the same command again: it goes on where it stopped"
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .badSpec, .badFile, .badSecret: .usage
        case .driverDiffers, .machineElsewhere: .conflict
        case .noSwarmd, .noCertificate: .notFound
        case .notConfirmed: .cancelled
        case .managerFailed(_, _, let kind): kind
        case .dependsOn: .failed
        }
    }
}
