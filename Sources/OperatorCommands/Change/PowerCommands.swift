// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SwarmCore

/// What `start`, `stop`, `restart` and `kill` take.
package struct PowerOptions: ParsableArguments {
    @Argument(help: "Clusters (all their machines) and machines; the only cluster unless given.")
    package var names: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Longest wait for each machine.", valueName: "seconds"))
    package var timeout = 120

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (1...86400).contains(timeout) else {
            throw ValidationError("--timeout takes 1 to 86400 seconds, not \(timeout)")
        }
    }

    func execute(_ action: PowerAction, in context: CommandContext) async throws {
        let targets = try context.store.targets(names)
        var seen: Set<String> = []
        let machines = targets.flatMap(\.machines).filter { seen.insert($0.name).inserted }
        let change = PowerChange(action: action, timeout: .seconds(timeout), context: context)
        try await change.run(machines)
    }
}

/// `swarmctl start`: starts machines.
package struct StartCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "start",
        abstract: "Start machines, or all machines of a cluster",
        discussion: "Waits until the engine of each answers. One that runs stays as it is.",
        examples: ["swarmctl start lab", "swarmctl start lab-2 lab-3"],
        exitStatus: "10 no such machine; 13 one did not answer in time; 1 several failed for several reasons"
    )

    @OptionGroup package var options: PowerOptions
    package var global: GlobalOptions { options.global }

    package init() {}

    package func execute(in context: CommandContext) async throws {
        try await options.execute(.start, in: context)
    }
}

/// `swarmctl stop`: shuts machines down.
package struct StopCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "stop",
        abstract: "Shut machines down in order, or all machines of a cluster",
        discussion: "One that is stopped stays as it is.",
        examples: ["swarmctl stop lab", "swarmctl stop lab-2 --timeout 30"],
        exitStatus: "10 no such machine; 13 one did not stop in time; 1 several failed for several reasons"
    )

    @OptionGroup package var options: PowerOptions
    package var global: GlobalOptions { options.global }

    package init() {}

    package func execute(in context: CommandContext) async throws {
        try await options.execute(.stop, in: context)
    }
}

/// `swarmctl restart`: stops machines and starts them again.
package struct RestartCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "restart",
        abstract: "Restart machines, or all machines of a cluster",
        discussion: "Waits until the engine of each answers again.",
        examples: ["swarmctl restart lab-2", "swarmctl restart lab"],
        exitStatus: "10 no such machine; 13 one did not answer in time; 1 several failed for several reasons"
    )

    @OptionGroup package var options: PowerOptions
    package var global: GlobalOptions { options.global }

    package init() {}

    package func execute(in context: CommandContext) async throws {
        try await options.execute(.restart, in: context)
    }
}

/// `swarmctl kill`: stops machines as a power cut does.
package struct KillCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "kill",
        abstract: "Stop machines at once, as a power cut does",
        discussion: "Containers get no chance to end in order; `swarmctl stop` gives them one.",
        examples: ["swarmctl kill lab-2", "swarmctl kill lab-2 lab-3"],
        exitStatus: "10 no such machine; 13 one did not stop in time; 1 several failed for several reasons"
    )

    @OptionGroup package var options: PowerOptions
    package var global: GlobalOptions { options.global }

    package init() {}

    package func execute(in context: CommandContext) async throws {
        try await options.execute(.kill, in: context)
    }
}
