// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl env`: the variables that point the docker CLI to a cluster or machine.
package struct EnvCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "env",
        abstract: "Print the commands that point the docker CLI to a cluster or machine",
        discussion: """
            For a cluster the variables point to its manager, for a machine to its engine. Of several \
            managers one that answers is taken; else nothing is contacted. The shell is that in $SHELL unless \
            given.
            """,
        examples: ["eval $(swarmctl env lab)", "swarmctl env --unset --shell fish | source"],
        exitStatus: "10 no such cluster or machine; 11 it has no address yet"
    )

    @Argument(help: "Cluster or machine; the only cluster unless given.")
    package var name: String?

    @Option(help: ArgumentHelp("bash, zsh, fish, powershell, cmd, tcsh or emacs.", valueName: "shell"))
    package var shell: String?

    @Flag(name: .shortAndLong, help: "Print the commands that remove the variables.")
    package var unset = false

    @Flag(help: "Also keep the address out of an HTTP proxy.")
    package var noProxy = false

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard !unset || name == nil else {
            throw ValidationError("--unset takes no name: it removes the variables whatever they point to")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let dialect = try dialect(in: context.environment)
        let lines = unset ? removal(dialect, in: context.environment) : try await settings(dialect, in: context)
        for line in lines + dialect.advice(commandLine) {
            context.terminal.output(line)
        }
    }

    /// The shell asked for, else that of the environment; one that is not known there most likely is a
    /// relative of sh.
    private func dialect(in environment: [String: String]) throws -> ShellDialect {
        guard let shell else {
            return ShellDialect(named: environment["SHELL"] ?? "") ?? .bash
        }
        guard let dialect = ShellDialect(named: shell) else {
            throw OperatorError.unknownShell(name: shell)
        }
        return dialect
    }

    private func settings(_ dialect: ShellDialect, in context: CommandContext) async throws -> [String] {
        let target = await context.living(try context.store.target(name))
        var variables = try EngineVariables(
            for: target,
            certificates: absolute(context.store.pkiFolder(of: target.clusterName))
        )
        if noProxy {
            variables.addNoProxy(address: try target.address(), environment: context.environment)
        }
        return variables.pairs.map { dialect.set($0.name, to: $0.value) }
    }

    private func removal(_ dialect: ShellDialect, in environment: [String: String]) -> [String] {
        let names = EngineVariables.names + (noProxy ? [EngineVariables.noProxy(in: environment).name] : [])
        return names.map(dialect.unset)
    }

    /// What was typed, for the comment at the end.
    private var commandLine: String {
        var words = ["swarmctl env"]
        words += unset ? ["--unset"] : []
        words += noProxy ? ["--no-proxy"] : []
        words += shell.map { ["--shell \($0)"] } ?? []
        words += name.map { [$0] } ?? []
        return words.joined(separator: " ")
    }
}
