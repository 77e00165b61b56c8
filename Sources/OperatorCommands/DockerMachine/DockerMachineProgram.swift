// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import SwarmCore

/// One run as docker-machine: its verbs, output and exit statuses, on its folder.
///
/// The folder is a store of ours at the same time: `machines/NAME` holds `machine.json` beside
/// `config.json`, and `certs` is the authority of the machines in it. Machines that docker-machine made
/// there are taken over as they are met.
package enum DockerMachineProgram {
    /// What `version` says; programs that look for docker-machine compare the number.
    static let version = "docker-machine version 0.16.2, build swarmctl-\(swarmVersion)"

    /// Whether this run is one as docker-machine, and the words it is given.
    ///
    /// - Parameters:
    ///   - arguments: the words after the program's name.
    ///   - name: what the program was called as; its path, perhaps.
    /// - Returns: the words for ``run(_:context:)``; `nil` for a run as swarmctl.
    package static func words(_ arguments: [String], calledAs name: String) -> [String]? {
        let base = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        if ["docker-machine", "docker-machine.exe"].contains(base) {
            return arguments
        }
        return arguments.first == "docker-machine" ? Array(arguments.dropFirst()) : nil
    }

    /// Runs one command.
    ///
    /// - Parameters:
    ///   - arguments: the words after `docker-machine`.
    ///   - environment: of the process; `MACHINE_STORAGE_PATH` names the folder unless the words do.
    ///   - makeContext: what commands work with, with a store in the given folder.
    /// - Returns: the exit status: 0, 1, or 3 for a check before creation that said no.
    /// - Throws: `CancellationError`, and what `makeContext` throws.
    package static func run(
        _ arguments: [String],
        environment: [String: String],
        context makeContext: @Sendable (_ folder: String) throws -> CommandContext
    ) async throws -> Int32 {
        let standard = environment["MACHINE_STORAGE_PATH"] ?? ""
        let fallback = standard.isEmpty ? "\(environment["HOME"] ?? "")/.docker/machine" : absolute(standard)
        let terminal = try makeContext(fallback).terminal
        do {
            let words = try MachineWords(arguments, flags: globalFlags, stopsAtName: true)
            let folder = words["storage-path"].map { absolute($0) } ?? fallback
            guard let verb = words.rest.first, !words.has("help"), !words.has("version") else {
                terminal.output(words.has("version") ? version : help)
                return 0
            }
            let context = try makeContext(folder)
            let run = MachineRun(context: context, folder: folder)
            try run.prepare()
            return try await run.perform(verb, Array(words.rest.dropFirst()))
        } catch let error as MachineFailure {
            error.lines.forEach(terminal.note)
            return error.status
        } catch let error as CancellationError {
            throw error
        } catch {
            let report = ErrorReport(error)
            guard report.kind == .preCreateCheck else {
                terminal.note(report.message)
                return 1
            }
            terminal.note("Error with pre-create check: \"\(report.message)\"")
            return 3
        }
    }

    private static let globalFlags: [MachineFlag] = [
        MachineFlag("debug", "D", isSwitch: true), MachineFlag("storage-path", "s"), MachineFlag("tls-ca-cert"),
        MachineFlag("tls-ca-key"), MachineFlag("tls-client-cert"), MachineFlag("tls-client-key"),
        MachineFlag("github-api-token"), MachineFlag("native-ssh", isSwitch: true), MachineFlag("bugsnag-api-token"),
        MachineFlag("help", "h", isSwitch: true), MachineFlag("version", "v", isSwitch: true),
    ]

    static let help = """
        Usage: docker-machine [OPTIONS] COMMAND [arg...]

        Create and manage machines running Docker.

        Version: 0.16.2, build swarmctl-\(swarmVersion)

        Options:
          --debug, -D                  Enable debug mode
          --storage-path, -s           Configures storage path [$MACHINE_STORAGE_PATH]
          --native-ssh                 Accepted; SSH is always our own
          --help, -h                   show help
          --version, -v                print the version

        Commands:
          active            Print which machine is active
          config            Print the connection config for machine
          create            Create a machine
          env               Display the commands to set up the environment for the Docker client
          inspect           Inspect information about a machine
          ip                Get the IP address of a machine
          kill              Kill a machine
          ls                List machines
          mount             Mount or unmount a directory from a machine with SSHFS.
          provision         Re-provision existing machines
          regenerate-certs  Regenerate TLS Certificates for a machine
          restart           Restart a machine
          rm                Remove a machine
          scp               Copy files between machines
          ssh               Log into or run a command on a machine with SSH.
          start             Start a machine
          status            Get the status of a machine
          stop              Stop a machine
          upgrade           Upgrade a machine to the latest version of Docker
          url               Get the URL of a machine
          version           Show the Docker Machine version or a machine docker version
          help              Shows a list of commands or help for one command

        Run 'docker-machine COMMAND --help' for more information on a command.
        """
}

/// What docker-machine would print, and the status with which it would end.
struct MachineFailure: Error, Equatable {
    var lines: [String]
    var status: Int32 = 1

    init(_ lines: String..., status: Int32 = 1) {
        self.lines = lines
        self.status = status
    }

    static func unknown(_ name: String) -> MachineFailure {
        MachineFailure(
            "Docker machine \"\(name)\" does not exist. Use \"docker-machine ls\" to list machines. "
                + "Use \"docker-machine create\" to add a new one."
        )
    }
}

/// A flag of docker-machine.
struct MachineFlag {
    let names: [String]
    let isSwitch: Bool

    init(_ names: String..., isSwitch: Bool = false) {
        self.names = names
        self.isSwitch = isSwitch
    }
}

/// A command line in docker-machine's manner: one dash or two, `=` or a space before the value.
struct MachineWords {
    private var values: [String: [String]] = [:]
    /// The words that are no flags.
    private(set) var rest: [String] = []
    /// Words that look like flags and are not known, with what follows them.
    private(set) var unknown: [String] = []

    /// - Parameters:
    ///   - words: the command line.
    ///   - flags: those that are known.
    ///   - stopsAtName: whether all after the first word that is no flag belongs to ``rest``.
    ///   - keepsUnknown: whether flags that are not known go to ``unknown``, with all words, and are no error.
    /// - Throws: ``MachineFailure``.
    init(_ words: [String], flags: [MachineFlag], stopsAtName: Bool = false, keepsUnknown: Bool = false) throws {
        var queue = words[...]
        while let word = queue.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else {
                rest.append(word)
                if stopsAtName {
                    rest += queue
                    return
                }
                continue
            }
            if word == "--" {
                rest += queue
                return
            }
            let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let flag = flags.first(where: { $0.names.contains(name) }) else {
                guard keepsUnknown else {
                    throw MachineFailure("flag provided but not defined: -\(name)")
                }
                unknown.append(word)
                // Whether a value follows only the driver knows: it sorts all words again.
                continue
            }
            let value =
                flag.isSwitch
                ? (parts.count == 2 ? String(parts[1]) : "true")
                : parts.count == 2
                    ? String(parts[1]) : queue.popFirst()
            guard let value else {
                throw MachineFailure("flag needs an argument: -\(name)")
            }
            values[flag.names[0], default: []].append(value)
        }
    }

    /// The last value given.
    subscript(name: String) -> String? { values[name]?.last }

    func all(_ name: String) -> [String] { values[name] ?? [] }
    func has(_ name: String) -> Bool { values[name].map { $0.last != "false" } ?? false }
}
