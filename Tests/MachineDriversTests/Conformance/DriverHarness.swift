// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines

/// A driver, and how the conformance suite gets between it and its provider.
struct DriverHarness: Sendable {
    /// The driver's name; the row of the table.
    let name: String
    /// Builds the driver, whose calls all ask the plan first.
    ///
    /// A new one stands for a new run of swarmctl.
    let driver: @Sendable (FaultPlan) -> any MachineDriver
    /// A request for a machine that does not exist yet, different each time.
    let request: @Sendable () -> MachineRequest
    /// ``TaggedResource/kind`` of the host itself, of which a machine has one.
    let hostKind: String
    /// How the call begins that makes the host, in the plan's words.
    let hostCall: String
    /// What must be in no error and in no state.
    var secrets: [String] = []
    /// Cases that have no meaning for the provider, such as a rate limit for a program.
    var lacks: Set<ConformanceCase> = []
    /// The least that is waited after a refusal for now, before the same call again; most providers are told 7 s.
    var shortestWait: Duration = .seconds(6.9)
    /// A provider whose machines take a while: `gc` is tried after every third kill only.
    var isSlow = false
}

/// The promises of ``MachineDriver``: the columns of the table.
enum ConformanceCase: String, CaseIterable, Sendable {
    case create
    case idSavedAtOnce = "id saved"
    case killBeforeCall = "kill before"
    case killAfterCall = "kill after"
    case stateChanges = "states"
    case removeTwice = "rm twice"
    case killInRemove = "kill in rm"
    case collectGarbage = "gc"
    case notFound = "not found"
    case quotaExceeded = "quota"
    case wrongCredentials = "credentials"
    case rateLimit = "rate limit"
    case timeout
    case cancelled
    case failedSave = "failed save"
}
