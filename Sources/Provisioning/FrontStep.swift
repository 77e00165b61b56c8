// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import PKI
internal import SecureShell
internal import SwarmCore

/// The program that takes TLS off the engine's connections: `swarmd front`, a service of the host.
///
/// An engine reads certificates only when it starts, and a restart breaks every stream through it. The front reads them
/// again whenever they change and drops nothing; it also refuses revoked certificates, and those of roles that only a
/// manager may serve.
package struct FrontSpec: Sendable, Equatable {
    /// Where the engine listens for the front.
    package static let engineSocket = "unix:///run/swarmctl-engine.sock"

    /// A static `swarmd` for the host.
    package let executable: String
    /// SHA-256 of it, in lower-case hexadecimal.
    package let digest: String

    /// Reads and digests an executable.
    ///
    /// - Throws: ``SwarmdImageError`` when it is no executable for Linux.
    package static func make(executable: String) async throws -> FrontSpec {
        try await runBlocking {
            FrontSpec(executable: executable, digest: try ExecutableFile(path: executable).digest())
        }
    }
}

/// Between the engine's configuration and the open port: the front runs at the engine's port.
struct FrontStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// What has to be done; `nil` when all is right, or no front is wanted.
    func plan(_ facts: HostFacts) -> String? {
        guard let front = request.front, facts.frontDigest != front.digest else {
            return nil
        }
        return "run the front of the engine"
    }

    /// Brings program and service to the host, unless they are there.
    ///
    /// - Returns: what was changed, a line each.
    func apply(_ facts: HostFacts) async throws -> [String] {
        guard let front = request.front, let change = plan(facts) else {
            return []
        }
        guard facts.system.serviceManager == .systemd else {
            throw ProvisionError(
                host: request.nodeName,
                step: .configure,
                cause: .badOption(option: "--engine-front", reason: "only on hosts with systemd")
            )
        }
        let unit: String
        do {
            unit = try request.templates.render("front/swarmctl-front.service", ["port": "\(request.enginePort)"])
        } catch {
            throw ProvisionError(
                host: request.nodeName,
                step: .configure,
                cause: .template(name: "front/swarmctl-front.service", reason: error.message)
            )
        }
        // Anybody may write where it arrives; the script takes it only with the right digest.
        let arrival = "/tmp/swarmctl-front-\(UInt64.random(in: 0...UInt64.max))"
        shell.progress(.configure, .detail("sending the front of the engine"))
        try await shell.host.upload(front.executable, to: arrival, mode: 0o700, deadline: shell.deadline)
        _ = try await shell.run(
            "front/install.sh",
            ["arrival": arrival, "digest": front.digest, "unit": LookStep.trimmed(unit)],
            step: .configure
        )
        return [change]
    }
}
