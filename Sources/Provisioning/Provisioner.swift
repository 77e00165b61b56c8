// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import SwarmCore

/// Makes a host a node, and gives it back.
///
/// Every step checks first and changes only what is not as it should be, so that provisioning a host again, after any
/// failure or none, ends in the same state. One step is one script and one round trip.
package struct Provisioner: Sendable {
    private let sender: any HTTPSending

    /// - Parameter sender: what the engine and the manager are called with.
    package init(sender: any HTTPSending = HTTPClient()) {
        self.sender = sender
    }

    /// Looks at the host and changes nothing: steps 1 to 3.
    ///
    /// - Parameters:
    ///   - request: the host and what is wanted.
    ///   - deadline: when to give up.
    ///   - progress: receives what is done.
    /// - Returns: what was found.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    package func look(
        _ request: ProvisionRequest,
        deadline: Deadline,
        progress: @escaping ProvisionProgress = { _, _ in }
    ) async throws -> HostFacts {
        let step = LookStep(request: request, shell: HostShell(request, deadline: deadline, progress: progress))
        try await step.reach()
        let facts = try await step.look()
        try step.checkPrivilege(facts)
        return facts
    }

    /// What ``provision(_:deadline:progress:)`` would change on a host with these facts.
    ///
    /// - Parameters:
    ///   - request: what is wanted.
    ///   - facts: what ``look(_:deadline:progress:)`` found.
    /// - Returns: a line each, in order; empty when all is right.
    /// - Throws: ``ProvisionError`` when the host cannot be made a node as it is.
    package func plan(_ request: ProvisionRequest, facts: HostFacts) throws -> [String] {
        try ProvisionPlan(FrontStep.fitted(request, facts).0, facts: facts).lines
    }

    /// Runs all steps.
    ///
    /// Cancellation ends the running step's script; the host is left so that the next run goes on from there.
    ///
    /// - Parameters:
    ///   - request: the host and what is wanted.
    ///   - deadline: when to give up.
    ///   - progress: receives what is done.
    /// - Returns: what the host is like now, and what was changed.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    package func provision(
        _ request: ProvisionRequest,
        deadline: Deadline,
        progress: @escaping ProvisionProgress = { _, _ in }
    ) async throws -> ProvisionResult {
        var facts = try await look(request, deadline: deadline, progress: progress)
        let (request, warning) = FrontStep.fitted(request, facts)
        warning.map { progress(.look, .warning($0)) }
        // What can be known to fail does so before the first change.
        _ = try ProvisionPlan(request, facts: facts)
        let shell = HostShell(request, deadline: deadline, privilege: facts.system.privilege, progress: progress)
        let steps = HostSteps(request: request, shell: shell)
        var changes = try await steps.install(&facts)
        let (certificate, certificateChanges) = try await steps.certify(facts)
        changes += certificateChanges
        let front = FrontStep(request: request, shell: shell)
        changes += try await front.remove(facts)
        changes += try await steps.configure(facts, certificateChanges: steps.concernEngine(certificateChanges, facts))
        changes += try await front.apply(facts)
        changes += try await steps.openPorts(facts)
        changes += try await StoreStep(request: request, shell: shell).apply(facts)
        let adapted = request.adapted(to: facts)
        let network = NetworkSteps(request: adapted, sender: sender, deadline: deadline, progress: progress)
        let version = try await network.verify()
        changes += try await network.runContainers()
        try await network.waitUntilRegistered()
        return ProvisionResult(
            engineVersion: version,
            system: facts.system.release.prettyName,
            architecture: facts.system.architecture,
            certificate: certificate,
            changes: changes
        )
    }

    /// Renews the host's certificates and nothing else; the engine is restarted only when it has no front.
    ///
    /// - Parameters:
    ///   - request: as for ``provision(_:deadline:progress:)``; what runs on the host does not matter.
    ///   - isDone: whether a host with these facts needs no new certificate, as when this was interrupted.
    ///   - deadline: when to give up.
    ///   - progress: receives what is done.
    /// - Returns: what was changed, a line each.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    package func renew(
        _ request: ProvisionRequest,
        isDone: @Sendable (CertificateFacts) -> Bool,
        deadline: Deadline,
        progress: @escaping ProvisionProgress = { _, _ in }
    ) async throws -> [String] {
        var request = request
        let facts = try await look(request, deadline: deadline, progress: progress)
        request.renewsCertificate = !isDone(facts.certificate)
        if !facts.hasFront {
            request.front = nil
        }
        let shell = HostShell(request, deadline: deadline, progress: progress)
        let steps = HostSteps(request: request, shell: shell)
        var (_, changes) = try await steps.certify(facts)
        if !facts.hasFront {
            changes += try await steps.configure(facts, certificateChanges: steps.concernEngine(changes, facts))
        }
        _ = try await NetworkSteps(request: request, sender: sender, deadline: deadline, progress: progress).verify()
        return changes
    }

    /// Gives the host's engine newer packages; containers go on where the engine has live-restore.
    ///
    /// - Parameters:
    ///   - request: as for ``provision(_:deadline:progress:)``.
    ///   - version: of the engine, or the beginning of one; `nil` for the newest that the host's repositories have.
    ///   - deadline: when to give up.
    ///   - progress: receives what is done.
    /// - Returns: a line for each package that was changed; empty when there was nothing newer.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    package func upgrade(
        _ request: ProvisionRequest,
        to version: String?,
        deadline: Deadline,
        progress: @escaping ProvisionProgress = { _, _ in }
    ) async throws -> [String] {
        let facts = try await look(request, deadline: deadline, progress: progress)
        let shell = HostShell(request, deadline: deadline, progress: progress)
        progress(.install, .started)
        let changes = try await UpgradeStep(request: request, shell: shell).apply(facts, to: version)
        progress(.install, changes.isEmpty ? .unchanged : .changed(changes))
        _ = try await NetworkSteps(request: request, sender: sender, deadline: deadline, progress: progress).verify()
        return changes
    }

    /// Writes what others are verified with to the host, in one round trip.
    ///
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    package func publishTrust(_ request: ProvisionRequest, deadline: Deadline) async throws {
        let shell = HostShell(request, deadline: deadline) { _, _ in }
        try await CertificateStep(request: request, shell: shell).applyTrust()
    }

    /// Gives the host back as it was before it was first provisioned, from the record on it.
    ///
    /// A host that was never provisioned is left alone. Containers of others keep running.
    ///
    /// - Parameters:
    ///   - request: as for ``provision(_:deadline:progress:)``; `agent`, `manager` and `registration` do not matter.
    ///   - purge: whether an engine that we installed goes too, with its images, containers and volumes.
    ///   - deadline: when to give up.
    ///   - progress: receives what is done.
    /// - Returns: what was undone, a line each.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    package func uninstall(
        _ request: ProvisionRequest,
        purge: Bool,
        deadline: Deadline,
        progress: @escaping ProvisionProgress = { _, _ in }
    ) async throws -> [String] {
        let facts = try await look(request, deadline: deadline, progress: progress)
        let shell = HostShell(request, deadline: deadline, progress: progress)
        return try await UninstallStep(request: request, shell: shell, purges: purge).apply(facts)
    }

    /// Ends the node's agent, which takes the node out of discovery on its way.
    ///
    /// - Throws: ``HTTPError``, or what the engine said.
    package func leave(_ engine: EngineEndpoint, identity: ClientIdentity, deadline: Deadline) async throws {
        let client = EngineClient(
            sender: sender,
            endpoint: engine,
            connectTo: nil,
            identity: identity,
            deadline: deadline
        )
        do {
            try await client.stop(ContainerSpec.agentName, grace: 5)
        } catch let refused as EngineClient.Refused {
            throw ProvisionError(
                host: engine.host,
                step: .agent,
                cause: .engineRefused(call: refused.call, status: refused.status, reason: refused.reason)
            )
        }
    }
}

/// What provisioning leaves to know.
package struct ProvisionResult: Sendable, Equatable {
    package var engineVersion: EngineVersion
    /// For people: `Debian GNU/Linux 12 (bookworm)`.
    package var system: String
    package var architecture: String
    /// The node's certificate in PEM.
    package var certificate: String
    /// What was changed, a line each; empty when all was right.
    package var changes: [String]

    package init(
        engineVersion: EngineVersion,
        system: String,
        architecture: String,
        certificate: String,
        changes: [String]
    ) {
        self.engineVersion = engineVersion
        self.system = system
        self.architecture = architecture
        self.certificate = certificate
        self.changes = changes
    }
}
