// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl tunnel`: the endpoint over SSH only.
package struct TunnelCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "tunnel",
        abstract: "Reach a cluster's manager, or a machine's engine, through SSH",
        discussion: """
            Listens on a port of 127.0.0.1 and passes connections through SSH, for networks in which only \
            SSH is open. TLS stays end to end. Prints the commands that point the docker CLI to it and \
            stays until it is interrupted; with a command, runs that with the variables set, and ends with it. \
            Of several managers the port leads to one that answers, and to another one when that is lost.
            """,
        usage: "swarmctl tunnel [--port <port>] [--shell <shell>] [<name>] [-- <command> ...]",
        examples: ["swarmctl tunnel lab -- docker ps", "swarmctl tunnel lab --port 3376"],
        exitStatus:
            "that of the command; 10 no such cluster or machine; 13 the host is not reached; 14 access is denied"
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("Local port; 0 is any free one.", valueName: "port"))
    package var port = 0

    @Option(help: ArgumentHelp("Shell for which the commands are printed.", valueName: "shell"))
    package var shell: String?

    @Argument(help: "Cluster or machine; the only cluster unless given.")
    package var name: String?

    @Argument(parsing: .postTerminator, help: "Command to run with the variables set, after `--`.")
    package var command: [String] = []

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port takes 0 to 65535, not \(port)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let target = try context.store.target(name)
        guard let machine = target.mainMachine else {
            throw OperatorError.noManager(cluster: target.name)
        }
        guard target.managers.count < 2 else {
            return try await follow(target, in: context)
        }
        let dialect = ShellDialect(named: shell ?? context.environment["SHELL"] ?? "sh") ?? .bash
        let remotePort = Self.remotePort(of: target, machine)
        let code = try await context.shells.withSession(to: machine) { session in
            let local = try await session.forwardPort(UInt16(port), to: "127.0.0.1", port: remotePort)
            let variables = try variables(of: target, port: local, in: context)
            if let program = command.first {
                return try await run(program, variables, in: context)
            }
            variables.pairs.forEach { context.terminal.output(dialect.set($0.name, to: $0.value)) }
            context.terminal.note("127.0.0.1:\(local) leads to \(target.name); end it with Ctrl-C")
            try await session.waitUntilLost()
            return 0
        }
        if code != 0 {
            throw ExitCode(code)
        }
    }

    /// Several managers: the port goes on while one of them can be reached.
    private func follow(_ target: Target, in context: CommandContext) async throws {
        guard let machine = target.mainMachine else {
            throw OperatorError.noManager(cluster: target.name)
        }
        let tunnel = FailoverTunnel(
            target: target,
            remotePort: Self.remotePort(of: target, machine),
            context: context
        )
        let dialect = ShellDialect(named: shell ?? context.environment["SHELL"] ?? "sh") ?? .bash
        let (opened, continuation) = AsyncStream<UInt16>.makeStream()
        let port = UInt16(port)
        let code = try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask {
                try await tunnel.run(port: port) { continuation.yield($0) }
                return 0
            }
            group.addTask {
                guard let local = await opened.first(where: { _ in true }) else {
                    return nil
                }
                let variables = try variables(of: target, port: local, in: context)
                if let program = command.first {
                    return try await run(program, variables, in: context)
                }
                variables.pairs.forEach { context.terminal.output(dialect.set($0.name, to: $0.value)) }
                context.terminal.note("127.0.0.1:\(local) leads to \(target.name); end it with Ctrl-C")
                return nil
            }
            defer { group.cancelAll() }
            while let code = try await group.next() {
                if let code {
                    return code
                }
            }
            return 0
        }
        if code != 0 {
            throw ExitCode(code)
        }
    }

    private func variables(of target: Target, port: UInt16, in context: CommandContext) throws -> EngineVariables {
        var variables = try EngineVariables(
            for: target,
            certificates: absolute(context.store.pkiFolder(of: target.clusterName))
        )
        variables.setHost("tcp://127.0.0.1:\(port)")
        return variables
    }

    private static func remotePort(of target: Target, _ machine: MachineRecord) -> UInt16 {
        switch target {
        case .cluster(let cluster, _): UInt16(clamping: cluster.spec.managerPort)
        case .machine: UInt16(clamping: machine.enginePort)
        }
    }

    private func run(_ program: String, _ variables: EngineVariables, in context: CommandContext) async throws -> Int32
    {
        guard let path = context.programs.find(program) else {
            throw OperatorError.missingProgram(name: program, use: "is to be run", hint: "check its name and $PATH")
        }
        let environment = context.environment.merging(variables.pairs.map { ($0.name, $0.value) }) { $1 }
        return try await context.programs.run(path, Array(command.dropFirst()), environment: environment)
    }
}
