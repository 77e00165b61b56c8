// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// `swarmctl status`: how a cluster or machine is.
package struct StatusCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "status",
        abstract: "Say how a cluster and its nodes are, or a machine",
        discussion: """
            For a machine, one word: Running, Stopped, Paused, Starting, Stopping, Error, NotFound, \
            Timeout, Incomplete or Unknown. For a cluster, what its manager says of each node, with the \
            reason where one is not healthy.
            """,
        examples: ["swarmctl status lab", "test \"$(swarmctl status lab-1)\" = Running"],
        exitStatus: "10 no such cluster or machine, or the host is gone; 13 no manager answers"
    )

    @Argument(help: "Cluster or machine; the only cluster unless given.")
    package var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Longest wait for each host.", valueName: "seconds"))
    package var timeout = 10

    @OptionGroup package var output: FormatOptions
    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (1...3600).contains(timeout) else {
            throw ValidationError("--timeout takes 1 to 3600 seconds, not \(timeout)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let survey = Survey(context, timeout: .seconds(timeout))
        switch try context.store.target(name) {
        case .machine(let machine):
            try show(machine, await survey.ask(machine), in: context)
        case .cluster(let cluster, let machines):
            try show(cluster, machines, await survey.ask(cluster, machines: machines), in: context)
        }
    }

    private func show(_ machine: MachineRecord, _ answer: Survey.MachineAnswer, in context: CommandContext) throws {
        if output.format == .json {
            try context.terminal.output(
                json: Report(
                    name: machine.name,
                    state: answer.state,
                    problem: answer.problem,
                    nodes: nil,
                    managers: nil
                )
            )
        } else {
            context.terminal.output(answer.state)
            answer.problem.map { context.terminal.note($0) }
        }
        if answer.state == MachineState.notFound.rawValue {
            throw ExitCode(ErrorKind.notFound.rawValue)
        }
    }

    private func show(
        _ cluster: ClusterRecord,
        _ machines: [MachineRecord],
        _ answer: Survey.ClusterAnswer,
        in context: CommandContext
    ) throws {
        let terminal = context.terminal
        let warnings = CertificateWarnings(context: context).lines(for: cluster.name)
        warnings.forEach { terminal.note("Warning: \($0)") }
        if output.format == .json {
            try terminal.output(
                json: Report(
                    name: cluster.name,
                    state: answer.state,
                    problem: answer.problem,
                    nodes: answer.health?.nodes,
                    managers: answer.managers.isEmpty ? nil : answer.managers,
                    warnings: warnings.isEmpty ? nil : warnings
                )
            )
        } else {
            let summary = answer.health.map { " (\($0.summary), strategy \($0.strategy))" } ?? ""
            terminal.output("\(cluster.name): \(answer.state)\(summary)")
            if !answer.managers.isEmpty {
                var table = TextTable("MANAGER", "ADDRESS", "ROLE", "PRIMARY", "REASON")
                for manager in answer.managers {
                    table.append([
                        manager.name, manager.address, manager.lead ?? "-", manager.primary ?? "",
                        manager.problem ?? "",
                    ])
                }
                terminal.output(table)
            }
            if let health = answer.health {
                var table = TextTable("NODE", "ADDRESS", "STATUS", "CONTAINERS", "CPUS", "MEMORY", "DOCKER", "REASON")
                for node in health.nodes {
                    table.append([
                        node.name, node.address, node.status, node.containers, node.reservedCPUs,
                        node.reservedMemory, node.serverVersion, node.error ?? "",
                    ])
                }
                terminal.output(table)
            }
        }
        guard answer.health != nil else {
            throw OperatorError.engineUnreachable(
                url: Target.cluster(cluster, machines: machines).knownURL ?? "the cluster \"\(cluster.name)\"",
                problem: answer.problem ?? "it has no manager"
            )
        }
    }

    /// What `--format json` prints.
    private struct Report: Encodable {
        var name: String
        var state: String
        var problem: String?
        var nodes: [ClusterHealth.Node]?
        var managers: [Survey.ManagerAnswer]?
        var warnings: [String]?
    }
}
