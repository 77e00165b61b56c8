// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import DaemonCommands
internal import Foundation
internal import MachineDrivers
internal import Machines
package import SwarmCore

/// One run of swarmctl, from the words typed to the exit status.
package enum Program {
    /// Parses and runs `arguments`, and prints the error if there is one.
    ///
    /// - Parameters:
    ///   - arguments: the words after the program's name.
    ///   - name: what the program was called as; as `docker-machine` it is that.
    /// - Returns: the exit status.
    package static func run(_ arguments: [String], calledAs name: String = "swarmctl") async -> Int32 {
        let terminal = LiveTerminal(environment: ProcessInfo.processInfo.environment)
        if let words = DockerMachineProgram.words(arguments, calledAs: name) {
            return await runDockerMachine(words, terminal)
        }
        let arguments = adoptLeadingOptions(arguments)
        if let first = arguments.first, daemonCommands.contains(first) {
            return await SwarmDaemon.execute(arguments)
        }
        let task = Task {
            var command = try await SwarmCtl.parse(line: arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        }
        // The signals end the task; nothing else does.
        let interrupts = Interrupts { task.cancel() }
        defer { interrupts.stop() }
        do {
            try await task.value
            return 0
        } catch {
            terminal.live([])
            // What a cancelled call says went wrong is only how it noticed.
            let error = interrupts.count > 0 ? CancellationError() : error
            return report(error, of: arguments, on: terminal)
        }
    }

    /// Commands that swarmd has too: they take their words, and end on a signal, as they do there.
    private static let daemonCommands = ["manage", "m", "join", "j", "list", "l"]

    private static func runDockerMachine(_ words: [String], _ terminal: LiveTerminal) async -> Int32 {
        let environment = ProcessInfo.processInfo.environment
        let task = Task {
            try await DockerMachineProgram.run(words, environment: environment) { folder in
                .live(try GlobalOptions.parse(["--store", folder]), environment: environment)
            }
        }
        // The signals end the task; nothing else does.
        let interrupts = Interrupts { task.cancel() }
        defer { interrupts.stop() }
        do {
            return try await task.value
        } catch {
            terminal.note(ErrorReport(error).message)
            return ErrorReport(error).kind.rawValue
        }
    }

    /// Prints `error` as the user asked for.
    ///
    /// - Parameters:
    ///   - error: what was thrown by parsing or by a command.
    ///   - arguments: the words typed, which say whether JSON is wanted.
    ///   - terminal: where it is printed: on standard error, or for `--help` on standard output.
    /// - Returns: the exit status.
    package static func report(
        _ error: any Error,
        of arguments: [String],
        on terminal: any Terminal
    ) -> Int32 {
        if let code = error as? ExitCode {
            return code.rawValue
        }
        var report = ErrorReport(error)
        if !(error is any UserFacingError), !(error is CancellationError) {
            let code = SwarmCtl.exitCode(for: error)
            if code.isSuccess {
                terminal.output(SwarmCtl.fullMessage(for: error) + driverHelp(for: arguments))
                return 0
            }
            if code == .validationFailure {
                report.kind = .usage
                report.message = SwarmCtl.message(for: error)
                report.hint = nil
                guard wantsJSON(arguments) else {
                    terminal.note(SwarmCtl.fullMessage(for: error))
                    return code.rawValue
                }
            }
        }
        terminal.note(wantsJSON(arguments) ? json(report) : report.text)
        if options(of: arguments).contains("--debug") {
            terminal.note("debug: \(String(reflecting: error))")
        }
        return report.kind.rawValue
    }

    /// `{"error":{"hint":…,"kind":…,"message":…}}` on one line.
    package static func json(_ report: ErrorReport) -> String {
        let members: [String: JSONValue] = [
            "kind": .string(report.kind.word),
            "message": .string(report.message),
            "hint": report.hint.map { .string($0) } ?? .null,
        ]
        return JSONValue.object(["error": .object(members)]).compactText
    }

    /// What `--driver D --help` adds to the help of a command that takes the driver's flags.
    private static func driverHelp(for arguments: [String]) -> String {
        guard let command = arguments.first, ["create", "gc"].contains(command) else {
            return ""
        }
        let words = options(of: arguments).flatMap { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let named = Array(zip(words, words.dropFirst())).last { ["--driver", "-d"].contains($0.0) }?.1
        let drivers = DriverCatalog.drivers(environment: ProcessInfo.processInfo.environment)
        guard let driver = drivers.first(where: { $0.name == named }) else {
            let lines = drivers.map { "  \(DisplayWidth.pad($0.name, to: 24))\($0.summary)" }
            return (["", "DRIVERS:"] + lines).joined(separator: "\n")
        }
        return "\n" + DriverFlags.help(for: driver)
    }

    private static func wantsJSON(_ arguments: [String]) -> Bool {
        let words = Array(options(of: arguments))
        return words.contains("--format=json")
            || zip(words, words.dropFirst()).contains { $0 == "--format" && $1 == "json" }
    }

    private static func options(of arguments: [String]) -> ArraySlice<String> {
        arguments.prefix { $0 != "--" }
    }

    /// Takes `--store FOLDER` and `--debug` before the command's name, where people also put them.
    ///
    /// They become the command's own: the store through the environment, the flag at the end. They
    /// are not options of the root command because that would also take them out of
    /// `ssh NAME COMMAND --debug`.
    private static func adoptLeadingOptions(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var isDebugging = false
        while let word = rest.first {
            if word == "--debug" {
                isDebugging = true
            } else if word.hasPrefix("--store=") {
                setenv("SWARMCTL_STORE", String(word.dropFirst("--store=".count)), 1)
            } else if word == "--store", rest.count >= 2 {
                rest = rest.dropFirst()
                setenv("SWARMCTL_STORE", rest.first ?? "", 1)
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        if isDebugging {
            setenv("SWARMCTL_DEBUG", "1", 1)
        }
        return Array(rest)
    }
}
