// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import Machines
internal import SecureShell
internal import SwarmCore

extension MachineRun {
    // MARK: env and config

    /// `env`: lines that a shell evaluates.
    func env(_ words: [String]) async throws {
        let flags = [
            MachineFlag("swarm", isSwitch: true), MachineFlag("shell"), MachineFlag("unset", "u", isSwitch: true),
            MachineFlag("no-proxy", isSwitch: true),
        ]
        let words = try MachineWords(words, flags: flags)
        let shell = words["shell"] ?? context.environment["SHELL"] ?? ""
        guard !shell.isEmpty else {
            throw MachineFailure("Error: Unknown shell")
        }
        let dialect = ShellDialect(named: shell) ?? .bash
        var typed = "docker-machine env"
        typed += words.has("unset") ? " -u" : ""
        typed += words.has("no-proxy") ? " --no-proxy" : ""
        typed += words["shell"].map { " --shell \($0)" } ?? ""
        if words.has("unset") {
            guard words.rest.isEmpty else {
                throw MachineFailure("Error: Expected no machine name when the -u flag is present")
            }
            let proxy = words.has("no-proxy") ? [EngineVariables.noProxy(in: context.environment).name] : []
            (Self.variables + proxy).map(dialect.unset).forEach(terminal.output)
        } else {
            let machine = try only(words.rest)
            typed += words.rest.isEmpty ? "" : " \(machine.name)"
            try await check(machine, "Error checking TLS connection: ", allowsSwarm: words.has("swarm"))
            let values = ["1", try url(of: machine), "\(folder)/machines/\(machine.name)", machine.name]
            zip(Self.variables, values).map { dialect.set($0, to: $1) }.forEach(terminal.output)
            if words.has("no-proxy") {
                terminal.output(noProxy(machine, dialect))
            }
        }
        for line in dialect.advice(typed) {
            terminal.output(line.hasSuffix("shell:") ? line + " " : line)
        }
    }

    private static let variables = ["DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME"]

    private func noProxy(_ machine: MachineRecord, _ dialect: ShellDialect) -> String {
        let (name, old) = EngineVariables.noProxy(in: context.environment)
        let address = machine.address ?? ""
        let hosts = old.split(separator: ",").map(String.init)
        return dialect.set(name, to: hosts.contains(address) ? old : old.isEmpty ? address : "\(old),\(address)")
    }

    /// `config`: flags for the docker CLI.
    func config(_ words: [String]) async throws {
        let words = try MachineWords(words, flags: [MachineFlag("swarm", isSwitch: true)])
        let machine = try only(words.rest)
        try await check(machine, "Error running connection boilerplate: ", allowsSwarm: words.has("swarm"))
        let own = "\(folder)/machines/\(machine.name)"
        terminal.output("--tlsverify")
        terminal.output("--tlscacert=\"\(own)/ca.pem\"")
        terminal.output("--tlscert=\"\(own)/cert.pem\"")
        terminal.output("--tlskey=\"\(own)/key.pem\"")
        terminal.output("-H=\(try url(of: machine))")
    }

    /// Makes sure that the engine answers to our certificate, and that the copies that others read are there.
    private func check(_ machine: MachineRecord, _ prefix: String, allowsSwarm: Bool) async throws {
        guard !allowsSwarm else {
            throw MachineFailure("Error: \"\(machine.name)\" is not a swarm master; see `swarmctl env` for clusters")
        }
        try await requireRunning(machine, otherwise: prefix + "Host is not running")
        if !AtomicFile.exists(store.machineFolder(machine.name) + "/cert.pem") {
            try publish(machine)
        }
        do {
            let target = try context.engineTarget(of: .machine(machine))
            _ = try await context.engines.get("/_ping", at: target, deadline: .after(.seconds(20)))
        } catch let error as any UserFacingError {
            let host = try url(of: machine).replacing("tcp://", with: "")
            throw MachineFailure(
                prefix + "Error checking and/or regenerating the certs: There was an error validating certificates for "
                    + "host \"\(host)\": \(error.message)",
                "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.",
                "Be advised that this will trigger a Docker daemon restart which might stop running containers."
            )
        }
    }

    // MARK: SSH

    /// `ssh [USER@]NAME [COMMAND …]`.
    func shell(_ words: [String]) async throws {
        let (user, name) = MachineLocation.split(words.first ?? "default")
        let machine = name == "default" && words.isEmpty ? try only([]) : try machine(name)
        try await requireRunning(
            machine,
            otherwise: "Error: Cannot run SSH command: Host \"\(name)\" is not running"
        )
        let command = words.dropFirst().joined(separator: " ")
        let status = try await context.shells.withSession(to: machine, user: user) { session in
            try await session.interact(command.isEmpty ? nil : command, terminal: nil)
        }
        switch status {
        case .exited(0): return
        case .exited(let code): throw MachineFailure("exit status \(code)")
        case .signalled: throw MachineFailure("exit status 255")
        }
    }

    /// `scp`, done as `swarmctl scp` does it.
    func copy(_ words: [String]) async throws {
        let flags = [
            MachineFlag("recursive", "r", isSwitch: true), MachineFlag("delta", "d", isSwitch: true),
            MachineFlag("quiet", "q", isSwitch: true),
        ]
        let words = try MachineWords(words, flags: flags)
        guard words.rest.count == 2 else {
            throw MachineFailure("Improper number of arguments")
        }
        // What --delta spares is time only.
        let recursion = words.has("recursive") || words.has("delta") ? ["--recursive"] : []
        try await CopyCommand.parse(recursion + ["--"] + words.rest).execute(in: quiet)
    }

    /// `mount`, done as `swarmctl mount` does it.
    func mount(_ words: [String]) async throws {
        let words = try MachineWords(words, flags: [MachineFlag("unmount", "u", isSwitch: true)])
        let flag = words.has("unmount") ? ["--unmount"] : []
        try await MountCommand.parse(flag + ["--"] + words.rest).execute(in: quiet)
    }

    /// The context for commands of ours whose results are not docker-machine's.
    var quiet: CommandContext {
        var quiet = context
        quiet.terminal = QuietTerminal(inner: terminal)
        return quiet
    }
}
