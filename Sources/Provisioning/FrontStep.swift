// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

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

    /// Where the program is on the host.
    static let program = "/var/lib/swarmctl/front/swarmd"

    /// A static `swarmd` for the host.
    package let executable: String
    /// SHA-256 of it, in lower-case hexadecimal.
    package let digest: String
    /// What the host's containers run instead of the whole image: the program that is there already is mounted into it.
    package let image: SwarmdImage

    /// Reads an executable.
    ///
    /// - Parameters:
    ///   - executable: a static `swarmd` for Linux.
    ///   - folder: where the image is kept; made when missing.
    ///   - version: the first part of the image's tag.
    /// - Returns: what a host with a front gets.
    /// - Throws: ``SwarmdImageError``, ``FileError``.
    package static func make(executable: String, folder: String, version: String) async throws -> FrontSpec {
        try await runBlocking {
            let source = try ExecutableFile(path: executable)
            return FrontSpec(
                executable: executable,
                digest: try source.digest(),
                image: try SwarmdImage.write(source, folder: folder, version: version, isFrame: true)
            )
        }
    }
}

/// Around the engine's configuration: the front runs at the engine's port, or gives it back.
struct FrontStep {
    /// Where the program of one who is not root arrives; what a run that was killed left there goes with the next one.
    private static let arrival = "/tmp/swarmctl-front-"
    /// Where root's arrives, on the file system where it stays: 25 MB less to copy.
    ///
    /// A step before has made the folder, if any had something to do.
    private static let rootArrival = "/var/lib/swarmctl/arrival-front-"

    let request: ProvisionRequest
    let shell: HostShell

    /// A request that the host can meet.
    ///
    /// The front is a service of systemd, and its program is what containers run too.
    ///
    /// - Returns: the request, and what has to be said when a front was wanted and there is none.
    static func fitted(_ request: ProvisionRequest, _ facts: HostFacts) -> (ProvisionRequest, warning: String?) {
        guard let front = request.front else {
            return (request, nil)
        }
        var request = request
        guard facts.system.serviceManager != .systemd else {
            request.image = request.image.map { _ in front.image }
            return (request, nil)
        }
        request.front = nil
        let warning =
            "the engine has no front, which needs systemd: a change of certificates restarts the engine, and any role "
            + "may do everything at its port"
        return (request, warning)
    }

    /// What has to be done; `nil` when all is right.
    func plan(_ facts: HostFacts) -> String? {
        guard let front = request.front else {
            return facts.hasFront ? "remove the front of the engine" : nil
        }
        return facts.frontDigest == front.digest ? nil : "run the front of the engine"
    }

    /// Before the engine is configured: frees the port of a front that is not wanted any more.
    ///
    /// - Returns: what was changed, a line each.
    func remove(_ facts: HostFacts) async throws -> [String] {
        guard request.front == nil, let change = plan(facts) else {
            return []
        }
        _ = try await shell.run("front/remove.sh", [:], step: .configure)
        return [change]
    }

    /// After the engine is configured: brings program and service to the host.
    ///
    /// - Returns: what was changed, a line each.
    func apply(_ facts: HostFacts) async throws -> [String] {
        guard let front = request.front, let change = plan(facts) else {
            return []
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
        shell.progress(.configure, .detail("sending the front of the engine"))
        let arrival = try await send(front, isRoot: facts.system.privilege == .root)
        _ = try await shell.run(
            "front/install.sh",
            [
                "arrival": arrival,
                "digest": front.digest,
                "unit": LookStep.trimmed(unit),
                "port": "\(request.enginePort)",
            ],
            step: .configure
        )
        return [change]
    }

    /// Sends the program.
    ///
    /// - Returns: where it is on the host.
    private func send(_ front: FrontSpec, isRoot: Bool) async throws -> String {
        let number = UInt64.random(in: 0...UInt64.max)
        if isRoot {
            let path = "\(Self.rootArrival)\(number)"
            do {
                try await shell.host.upload(front.executable, to: path, mode: 0o600, deadline: shell.deadline)
                return path
            } catch SSHError.remoteFile(_, _, _, .notFound) {
                // Nothing was changed on this host yet.
            }
        }
        let path = "\(Self.arrival)\(number)"
        try await shell.host.upload(front.executable, to: path, mode: 0o600, deadline: shell.deadline)
        return path
    }
}
