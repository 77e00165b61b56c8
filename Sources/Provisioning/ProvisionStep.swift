// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The steps of provisioning, in their order; the raw value is the phase shown to the user.
package enum ProvisionStep: String, Sendable, CaseIterable {
    case reach
    case look
    case privilege
    case install
    case certificates
    case configure
    case openPort = "open port"
    case store
    case verify
    case agent
    case registered
}

/// What a step has to tell while it runs.
package enum StepEvent: Sendable, Equatable {
    case started
    /// What is being done just now, for a live line: `downloading docker.io`.
    case detail(String)
    /// Something the user should know though nothing failed.
    case warning(String)
    /// The step ended; all was right before.
    case unchanged
    /// The step ended and changed the host; each line says what.
    case changed([String])
    /// The step does not apply to this host; the text says why.
    case skipped(String)
}

/// Receives the events of one host, in order.
package typealias ProvisionProgress = @Sendable (ProvisionStep, StepEvent) -> Void
