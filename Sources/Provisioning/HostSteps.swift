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
        if let certificate = facts.certificate.certificate, step.plan(facts) == nil {
            progress(.certificates, .unchanged)
            return (LookStep.trimmed(certificate), [])
        }
        let certificate = try await step.apply()
        let changes = ["made a key and a certificate"]
        progress(.certificates, .changed(changes))
        return (LookStep.trimmed(certificate), changes)
    }

    /// Names the host where that is wanted, and brings the engine's configuration in line.
    func configure(_ facts: HostFacts, certificateChanges: Bool) async throws -> [String] {
        progress(.configure, .started)
        var changes: [String] = []
        if let name = request.hostName, name != facts.system.hostName {
            _ = try await shell.run("hostname.sh", ["name": name], step: .configure)
            changes.append("named the host \(name)")
        }
        // The engine reads the certificates, and the host's name, only when it starts.
        let change = try EngineChange(request, facts: facts, mustRestart: certificateChanges || !changes.isEmpty)
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
