// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Machines
internal import SecureShell
internal import SwarmCore

/// `swarmctl scp`: copies files to and from machines.
package struct CopyCommand: SwarmCommand {
    package static let configuration = CommandConfiguration(
        "scp",
        abstract: "Copy files and folders to or from a machine",
        discussion: """
            A place on a machine is [USER@]MACHINE:PATH; one without a slash at its beginning is below the \
            user's home. One of source and destination is on a machine.
            """,
        examples: ["swarmctl scp app.tar lab-1:/tmp/", "swarmctl scp -r lab-1:/var/log/docker logs"],
        exitStatus: "10 no such machine or file; 13 the host is not reached; 14 access is denied"
    )

    @Flag(name: .shortAndLong, help: "Copy folders with all that is in them.")
    package var recursive = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Longest time for the whole copy.", valueName: "seconds"))
    package var timeout = 3600

    @Argument(help: ArgumentHelp("One or more sources, then the destination.", valueName: "place"))
    package var places: [String]

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard places.count >= 2 else {
            throw ValidationError("a source and a destination are needed")
        }
        guard timeout >= 1 else {
            throw ValidationError("--timeout takes at least 1 second, not \(timeout)")
        }
    }

    package func execute(in context: CommandContext) async throws {
        let locations = places.map(MachineLocation.init(parsing:))
        guard let destination = locations.last else {
            return
        }
        let sources = locations.dropLast()
        let isSending = destination.machine != nil
        for (text, source) in zip(places, sources) where (source.machine != nil) == isSending {
            throw OperatorError.badLocation(
                text: text,
                problem: isSending
                    ? "source and destination are both on machines; copy to a local file first"
                    : "neither source nor destination is on a machine; write MACHINE:PATH"
            )
        }
        let deadline = Deadline.after(.seconds(timeout))
        for source in sources {
            let remote = isSending ? destination : source
            let machine = try context.store.oneMachine(remote.machine)
            try await context.shells.withSession(to: machine, user: remote.user) { session in
                isSending
                    ? try await send(source.path, to: remote.path, session, deadline)
                    : try await fetch(remote.path, to: destination.path, session, deadline)
            }
        }
    }

    private func send(
        _ local: String,
        to remote: String,
        _ session: any ShellSession,
        _ deadline: Deadline
    ) async throws {
        guard AtomicFile.exists(local) else {
            throw FileError(action: "read", path: local, code: 2)
        }
        try requireRecursion(for: local, isFolder: AtomicFile.isFolder(local))
        try await session.sendTree(local, to: remote.isEmpty ? "." : remote, deadline: deadline)
    }

    private func fetch(
        _ remote: String,
        to local: String,
        _ session: any ShellSession,
        _ deadline: Deadline
    ) async throws {
        let path = remote.isEmpty ? "." : remote
        if !recursive {
            let test = try await session.run("test -d \(shellQuoted(path))", deadline: deadline)
            try requireRecursion(for: path, isFolder: test.status.isSuccess)
        }
        try await session.fetchTree(path, to: local, deadline: deadline)
    }

    private func requireRecursion(for path: String, isFolder: Bool) throws {
        guard recursive || !isFolder else {
            throw OperatorError.badLocation(text: path, problem: "it is a folder; copy it with -r")
        }
    }
}
