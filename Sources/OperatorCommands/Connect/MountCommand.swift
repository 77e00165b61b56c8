// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SecureShell
internal import SwarmCore

/// `swarmctl mount`: a folder of a machine as a local one.
package struct MountCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "mount",
        abstract: "Mount a folder of a machine with sshfs, or unmount it",
        discussion: "The mount point is a folder that exists. sshfs runs with the keys and known hosts of the store.",
        examples: ["swarmctl mount lab-1:/srv/data data", "swarmctl mount --unmount data"],
        exitStatus: "1 sshfs failed; 10 no such machine, or sshfs is not installed"
    )

    @Flag(name: .shortAndLong, help: "Unmount the folder.")
    package var unmount = false

    @Argument(
        help: ArgumentHelp("MACHINE:PATH and the mount point; the mount point alone with -u.", valueName: "place")
    )
    package var places: [String]

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard places.count == (unmount ? 1 : 2) else {
            throw ValidationError(
                unmount ? "--unmount takes the mount point alone" : "MACHINE:PATH and a mount point are needed"
            )
        }
    }

    package func execute(in context: CommandContext) async throws {
        if unmount {
            return try await run("fusermount", ["-u", places[0]], in: context)
        }
        let remote = MachineLocation(parsing: places[0])
        guard let name = remote.machine else {
            throw OperatorError.badLocation(text: places[0], problem: "it is not of the form MACHINE:PATH")
        }
        guard AtomicFile.isFolder(places[1]) else {
            throw OperatorError.badLocation(text: places[1], problem: "the mount point is no folder")
        }
        let machine = try context.store.oneMachine(name)
        guard let address = machine.ssh else {
            throw OperatorError.noSSH(machine: machine.name)
        }
        var options = ["UserKnownHostsFile=\(absolute(context.store.knownHosts(of: machine.cluster)))"]
        options += ["StrictHostKeyChecking=yes", "Port=\(address.port ?? 22)"]
        let own = machine.ownKey.map { $0.hasPrefix("/") ? $0 : "\(context.store.root)/\($0)" }
        let key = own ?? context.store.sshKey(of: machine.cluster)
        if try context.driver(machine.driver).makesHosts || own != nil, AtomicFile.exists(key) {
            options += ["IdentityFile=\(absolute(key))", "IdentitiesOnly=yes"]
        }
        let user = remote.user ?? address.user
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let source = "\(user.map { "\($0)@" } ?? "")\(host):\(remote.path)"
        try await run("sshfs", options.flatMap { ["-o", $0] } + [source, places[1]], in: context)
    }

    private func run(_ program: String, _ arguments: [String], in context: CommandContext) async throws {
        guard let path = context.programs.find(program) else {
            throw OperatorError.missingProgram(
                name: program,
                use: "mounts folders over SSH",
                hint: "install it with `sudo apt-get install sshfs`, or what your system has for that"
            )
        }
        let status = try await context.programs.run(path, arguments, environment: context.environment)
        guard status == 0 else {
            throw OperatorError.programFailed(name: program, status: status)
        }
    }
}
