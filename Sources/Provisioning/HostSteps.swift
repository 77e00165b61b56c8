// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Steps 4 to 7, which change the host: each decides from the facts, and acts only if there is something to do.
struct HostSteps {
    let request: ProvisionRequest
    let shell: HostShell

    private var progress: ProvisionProgress { shell.progress }

    /// Installs the engine where there is none, and looks again then.
    func install(_ facts: inout HostFacts) async throws -> [String] {
        progress(.install, .started)
        let step = InstallStep(request: request, shell: shell)
        guard try step.plan(facts) != nil else {
            progress(.install, .unchanged)
            return []
        }
        try await step.apply(facts)
        facts = try await LookStep(request: request, shell: shell).lookAgain()
        guard let version = facts.engine.installedVersion else {
            throw ProvisionError(host: request.nodeName, step: .install, cause: .noEngine)
        }
        guard version >= .oldest else {
            throw ProvisionError(
                host: request.nodeName,
                step: .install,
                cause: .engineTooOld(version: version.description)
            )
        }
        let changes = ["installed Docker Engine \(version)"]
        progress(.install, .changed(changes))
        return changes
    }

    /// Makes a new key and certificate where they are not right.
    ///
    /// - Returns: the certificate in PEM, and what was changed.
    func certify(_ facts: HostFacts) async throws -> (certificate: String, changes: [String]) {
        progress(.certificates, .started)
        let step = CertificateStep(request: request, shell: shell)
        let need = step.plan(facts)
        if let certificate = facts.certificate.certificate, need == nil {
            progress(.certificates, .unchanged)
            return (LookStep.trimmed(certificate), [])
        }
        if let certificate = facts.certificate.certificate, case .trust(let change) = need {
            try await step.applyTrust()
            progress(.certificates, .changed([change]))
            return (LookStep.trimmed(certificate), [change])
        }
        let certificate = try await step.apply()
        let changes = ["made a key and a certificate"]
        progress(.certificates, .changed(changes))
        return (LookStep.trimmed(certificate), changes)
    }

    /// Whether changes of certificates are such that an engine without a front has to be restarted.
    func concernEngine(_ changes: [String], _ facts: HostFacts) -> Bool {
        !changes.isEmpty && !CertificateStep(request: request, shell: shell).isListOnly(facts)
    }

    /// Names the host where that is wanted, and brings the engine's configuration in line.
    ///
    /// - Parameters:
    ///   - facts: what the host was like before.
    ///   - certificateChanges: whether files changed that an engine without a front reads when it starts.
    /// - Returns: what was changed, a line each.
    /// - Throws: ``ProvisionError``.
    func configure(_ facts: HostFacts, certificateChanges: Bool) async throws -> [String] {
        progress(.configure, .started)
        var changes: [String] = []
        if let name = request.hostName, name != facts.system.hostName {
            _ = try await shell.run("hostname.sh", ["name": name], step: .configure)
            changes.append("named the host \(name)")
        }
        // The engine reads the certificates, and the host's name, only when it starts.
        let mustRestart = certificateChanges && request.front == nil
        let change = try EngineChange(request, facts: facts, mustRestart: mustRestart || !changes.isEmpty)
        if !change.isEmpty {
            _ = try await shell.run("engine/configure.sh", change.values(facts), step: .configure)
            changes += change.lines
        }
        progress(.configure, changes.isEmpty ? .unchanged : .changed(changes))
        return changes
    }

    /// Opens the ports in the firewall that is active.
    func openPorts(_ facts: HostFacts) async throws -> [String] {
        progress(.openPort, .started)
        guard facts.network.firewall != .none else {
            progress(.openPort, .skipped("no firewall is active"))
            return []
        }
        let changes = try await FirewallStep(request: request, shell: shell).apply(facts)
        progress(.openPort, changes.isEmpty ? .unchanged : .changed(changes))
        return changes
    }
}
