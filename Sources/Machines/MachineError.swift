// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a machine or cluster could not be found, made or changed.
package enum MachineError: UserFacingError, Equatable {
    case unknownMachine(name: String, known: [String])
    case unknownCluster(name: String, known: [String])
    case noCluster
    case severalClusters(names: [String])
    case badName(kind: String, name: String, problem: String)
    case nameTaken(kind: String, name: String, by: String)
    case unknownDriver(name: String, known: [String])
    case badOption(option: String, driver: String, problem: String)
    case badAddress(text: String)
    /// Another swarmctl works on the same object now.
    case inUse(kind: String, name: String)
    case damagedRecord(path: String, problem: String)
    /// A record written by a later version of swarmctl.
    case recordFromTheFuture(path: String, version: Int)
    case preCreate(machine: String, problem: String, advice: String)
    case provider(
        driver: String,
        machine: String,
        problem: String,
        kind: ErrorKind,
        isTransient: Bool,
        advice: String? = nil
    )
    case notSupported(driver: String, action: String)

    package var message: String {
        switch self {
        case .unknownMachine(let name, _): "no machine named \"\(name)\""
        case .unknownCluster(let name, _): "no cluster named \"\(name)\""
        case .noCluster: "there is no cluster in this store"
        case .severalClusters(let names):
            "no cluster named, and there are several: \(names.joined(separator: ", "))"
        case .badName(let kind, let name, let problem): "the \(kind) name \"\(name)\" cannot be used: \(problem)"
        case .nameTaken(let kind, let name, let by): "the \(kind) name \"\(name)\" is taken: \(by)"
        case .unknownDriver(let name, _): "no driver named \"\(name)\""
        case .badOption(let option, let driver, let problem): "driver \(driver): --\(option): \(problem)"
        case .badAddress(let text): "\"\(text)\" is not an address of the form [USER@]HOST[:PORT]"
        case .inUse(let kind, let name): "another swarmctl is at work on the \(kind) \"\(name)\""
        case .damagedRecord(let path, let problem): "the record \"\(path)\" cannot be read: \(problem)"
        case .recordFromTheFuture(let path, let version):
            "the record \"\(path)\" has version \(version), which this swarmctl does not know"
        case .preCreate(let machine, let problem, _): "machine \"\(machine)\" cannot be created: \(problem)"
        case .provider(let driver, let machine, let problem, _, _, _): "\(driver): machine \"\(machine)\": \(problem)"
        case .notSupported(let driver, let action): "machines of the driver \"\(driver)\" cannot be \(action)"
        }
    }

    package var hint: String? {
        switch self {
        case .unknownMachine(_, let known), .unknownCluster(_, let known):
            known.isEmpty
                ? "create one with `swarmctl create cluster NAME`" : "known are: \(known.joined(separator: ", "))"
        case .noCluster: "create one with `swarmctl create cluster NAME`"
        case .severalClusters: "name one of them"
        case .badName: nil
        case .nameTaken: "choose another name, or look at `swarmctl ls`"
        case .unknownDriver(_, let known): "known are: \(known.joined(separator: ", "))"
        case .badOption(_, let driver, _): "see `swarmctl create machine --driver \(driver) --help`"
        case .badAddress: "give for example `root@10.0.0.1` or `admin@[2001:db8::1]:2222`"
        case .inUse: "wait for it to end, or stop it, and run the command again"
        case .damagedRecord(let path, _): "restore \(path) from a copy, or remove it and run the command again"
        case .recordFromTheFuture: "use a newer swarmctl with this store"
        case .preCreate(_, _, let advice): advice.isEmpty ? nil : advice
        case .provider(_, _, _, _, _, let advice): advice
        case .notSupported: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .unknownMachine, .unknownCluster, .noCluster: .notFound
        case .severalClusters, .badName, .unknownDriver, .badOption, .badAddress, .notSupported: .usage
        case .nameTaken, .inUse: .conflict
        case .damagedRecord, .recordFromTheFuture: .failed
        case .preCreate: .preCreateCheck
        case .provider(_, _, _, let kind, _, _): kind
        }
    }

    /// Whether the same call may succeed a little later.
    package var isTransient: Bool {
        guard case .provider(_, _, _, _, let isTransient, _) = self else {
            return false
        }
        return isTransient
    }
}
