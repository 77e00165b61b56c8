// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// The words with which scripts say why they gave up: `fail KIND DETAIL`.
enum FailureWord {
    /// Less free space than this, in KiB, is a full disk; a write that failed with more room has another reason.
    private static let fullBelow: Int64 = 4096

    /// The cause that a failure stands for.
    ///
    /// - Parameters:
    ///   - failure: what the script reported.
    ///   - log: what it wrote to standard error, for causes whose detail is there.
    /// - Returns: the cause; an unknown word gives `scriptFailed`.
    static func cause(of failure: ScriptReport.Failure, log: String) -> ProvisionError.Cause {
        let words = failure.detail.split(separator: " ", maxSplits: 1).map(String.init)
        let first = words.first ?? ""
        let rest = words.count > 1 ? words[1] : ""
        switch failure.kind {
        case "disk-full": return diskFull(path: first, free: Int64(rest) ?? 0, log: log)
        case "no-network": return .noPackageNetwork(manager: first, reason: rest)
        case "locked": return .packagesLocked(by: failure.detail)
        case "no-package": return .packageMissing(package: first, reason: rest)
        case "install-failed": return .installFailed(reason: failure.detail)
        case "checksum":
            let digests = rest.split(separator: " ").map(String.init)
            return .checksumMismatch(url: first, expected: digests.first ?? "", actual: digests.last ?? "")
        case "changed-meanwhile": return .changedMeanwhile(path: failure.detail)
        case "engine-restored": return .engineDidNotStart(reason: failure.detail, restored: true)
        case "engine-down": return .engineDidNotStart(reason: failure.detail, restored: false)
        case "rejected": return .configurationRejected(reason: failure.detail)
        case "firewall": return .firewallFailed(firewall: first, reason: rest)
        default: return .scriptFailed(status: failure.kind, output: failure.detail)
        }
    }

    private static func diskFull(path: String, free: Int64, log: String) -> ProvisionError.Cause {
        guard free < fullBelow || log.contains("No space left on device") || log.contains("enough free space") else {
            let last = log.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no reason given"
            return .installFailed(reason: "cannot write on \"\(path)\": \(last)")
        }
        return .diskFull(path: path, free: ByteCount(free * 1024).iec)
    }
}
