// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore
internal import Synchronization

/// `swarmctl logs`: what managers and agents say.
package struct LogsCommand: SwarmCommand {
    /// Which of the two containers is meant.
    package enum Service: String, ExpressibleByArgument, CaseIterable, Sendable {
        case manager, agent, all

        /// The containers' names, by what is shown before their lines.
        fileprivate func containers(on machine: MachineRecord) -> [(label: String, container: String)] {
            var containers: [(String, String)] = []
            if self != .agent, machine.role == .manager {
                containers.append(("\(machine.name) manager", "swarm-agent-master"))
            }
            if self != .manager {
                containers.append(("\(machine.name) agent", "swarm-agent"))
            }
            return containers
        }
    }

    package static let configuration = CommandConfiguration(
        "logs",
        abstract: "Show the logs of a cluster's manager and agents",
        discussion: "Each line begins with the machine and the program it is from.",
        examples: ["swarmctl logs lab --tail 50", "swarmctl logs -f lab --service manager"],
        exitStatus: "10 no such cluster or container; 13 an engine is not reached; 1 several failed"
    )

    @Argument(help: "Cluster or machine; the only cluster unless given.")
    package var name: String?

    @Flag(name: .shortAndLong, help: "Go on showing lines as they come, until interrupted.")
    package var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("The last lines of each; or all.", valueName: "number")
    )
    package var tail = "200"

    @Flag(name: .shortAndLong, help: "Show the engine's time before each line.")
    package var timestamps = false

    @Option(help: "manager, agent or all.")
    package var service: Service = .all

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard tail == "all" || Int(tail).map({ $0 >= 0 }) == true else {
            throw ValidationError("--tail takes a number of lines or all, not \"\(tail)\"")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let target = try context.store.target(name)
        let sources = target.machines.filter { $0.address != nil }.flatMap { machine in
            service.containers(on: machine).map { Source(machine: machine, label: $0.label, container: $0.container) }
        }
        guard !sources.isEmpty else {
            throw OperatorError.noAddress(kind: target.kind, name: target.name)
        }
        let width = sources.map(\.label.count).max() ?? 0
        // While lines come from all sides each is shown at once; else in the order of the machines.
        let results = await inParallel(sources, limit: follow ? sources.count : 16) { source in
            await read(source, width: width, in: context)
        }
        if !follow {
            results.flatMap(\.lines).forEach(context.terminal.output)
        }
        try Task.checkCancellation()
        let failures = results.compactMap(\.failure)
        guard failures.isEmpty else {
            throw PartialFailure(failures: failures, total: sources.count)
        }
    }

    /// One container's log.
    private struct Source: Sendable {
        var machine: MachineRecord
        var label: String
        var container: String
    }

    private struct Outcome: Sendable {
        var lines: [String]
        var failure: ReportedError?
    }

    private func read(_ source: Source, width: Int, in context: CommandContext) async -> Outcome {
        let collected = Mutex<(stream: LogStream, lines: [String])>((LogStream(), []))
        let prefix = DisplayWidth.pad(source.label, to: width) + " | "
        let show: @Sendable ([String]) -> Void = { lines in
            let lines = lines.map { prefix + $0 }
            if follow {
                lines.forEach(context.terminal.output)
            } else {
                collected.withLock { $0.lines += lines }
            }
        }
        do {
            let target = try context.engineTarget(of: .machine(source.machine))
            try await context.engines.stream(path(of: source.container), at: target) { bytes in
                // Bytes that are no frames are left out: the stream's status said that it is a log.
                show(collected.withLock { (try? $0.stream.add(bytes)) ?? [] })
            }
            show(collected.withLock { $0.stream.finish() })
            return Outcome(lines: collected.withLock { $0.lines }, failure: nil)
        } catch {
            return Outcome(lines: collected.withLock { $0.lines }, failure: ReportedError(error))
        }
    }

    private func path(of container: String) -> String {
        "/containers/\(container)/logs?stdout=1&stderr=1&tail=\(tail)&follow=\(follow ? 1 : 0)"
            + "&timestamps=\(timestamps ? 1 : 0)"
    }
}
