// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import OperatorCommands
import SecureShell
import SwarmCore
import Testing

@Suite("ssh, scp, tunnel, mount")
struct ShellCommandsTests {
    @Test("the remote command gets its own flags, and its exit status is ours")
    func command() async throws {
        let bench = try Bench(shells: FakeShells(status: .exited(7)))
        try bench.makeCluster("lab")

        let error = await #expect(throws: ExitCode.self) {
            try await SSHCommand.parse(["admin@lab-2", "ls", "-l", "--debug", "/tmp"]).execute(in: bench.context())
        }

        #expect(error?.rawValue == 7)
        #expect(bench.shells.calls == ["admin@lab-2 interact ls -l --debug /tmp auto", "admin@lab-2 close"])
    }

    @Test("a cluster's name means its manager, and no command a shell")
    func shell() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await SSHCommand.parse(["--tty", "lab"]).execute(in: bench.context())

        #expect(bench.shells.calls.first == "lab-1 interact - true")
    }

    @Test(
        "a place is on a machine when a colon comes before a slash",
        arguments: [
            ("lab-1:/tmp/x", MachineLocation(machine: "lab-1", path: "/tmp/x")),
            ("me@lab-1:x", MachineLocation(machine: "lab-1", user: "me", path: "x")),
            ("lab-1:", MachineLocation(machine: "lab-1", path: "")),
            ("./a:b", MachineLocation(path: "./a:b")),
            ("/a:b", MachineLocation(path: "/a:b")),
            ("dir/a:b", MachineLocation(path: "dir/a:b")),
            ("plain", MachineLocation(path: "plain")),
        ]
    )
    func locations(text: String, expected: MachineLocation) {
        #expect(MachineLocation(parsing: text) == expected)
    }

    @Test("scp copies both ways")
    func copy() async throws {
        let bench = try Bench(shells: FakeShells(status: .exited(1)))
        try bench.makeCluster("lab")
        try AtomicFile.write("x", to: bench.folder + "/file")

        try await CopyCommand.parse([bench.folder + "/file", "lab-2:/tmp/"]).execute(in: bench.context())
        try await CopyCommand.parse(["lab-1:it's", "here"]).execute(in: bench.context())

        #expect(bench.shells.calls.contains("lab-2 send \(bench.folder)/file /tmp/"))
        #expect(bench.shells.calls.contains(#"lab-1 run test -d 'it'\''s'"#))
        #expect(bench.shells.calls.contains("lab-1 fetch it's here"))
    }

    @Test("scp of a folder needs -r, of two machines or of none is refused")
    func copyRefused() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        for words in [["a", "b"], ["lab-1:a", "lab-2:b"], [bench.folder, "lab-1:"], ["lab-1:folder", "b"]] {
            let report = await report { try await CopyCommand.parse(words).execute(in: bench.context()) }
            #expect(report?.kind == .usage, "\(words)")
        }
    }

    @Test("tunnel points the docker CLI to the local port")
    func tunnel() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        try await TunnelCommand.parse(["lab"]).execute(in: bench.context())

        #expect(bench.shells.calls == ["lab-1 forward 0 127.0.0.1 3376", "lab-1 close"])
        #expect(bench.terminal.output[1] == #"export DOCKER_HOST="tcp://127.0.0.1:40000""#)
    }

    @Test("tunnel runs a command with the variables set and ends with its status")
    func tunnelCommand() async throws {
        let bench = try Bench(programs: FakePrograms(["docker"], status: 3))
        try bench.makeCluster("lab")

        let error = await #expect(throws: ExitCode.self) {
            try await TunnelCommand.parse(["lab", "--", "docker", "ps", "-a"]).execute(in: bench.context())
        }

        #expect(error?.rawValue == 3)
        #expect(bench.programs.calls.first?.words == ["/usr/bin/docker", "ps", "-a"])
        #expect(bench.programs.calls.first?.environment["DOCKER_HOST"] == "tcp://127.0.0.1:40000")
    }

    @Test("mount says that sshfs is missing, and how to get it")
    func mount() async throws {
        let bench = try Bench()
        try bench.makeCluster("lab")

        let report = await report {
            try await MountCommand.parse(["lab-1:/srv", bench.folder]).execute(in: bench.context())
        }

        #expect(report?.message.contains("sshfs") == true)
        #expect(report?.hint?.contains("install") == true)
    }

    @Test("mount gives sshfs the known hosts of the store")
    func mounted() async throws {
        let bench = try Bench(programs: FakePrograms(["sshfs"]))
        try bench.makeCluster("lab")

        try await MountCommand.parse(["lab-1:/srv", bench.folder]).execute(in: bench.context())

        let words = bench.programs.calls.first?.words ?? []
        #expect(words.contains("UserKnownHostsFile=\(bench.folder)/store/clusters/lab/known_hosts"))
        #expect(words.suffix(2) == ["root@10.0.0.1:/srv", bench.folder])
    }
}
