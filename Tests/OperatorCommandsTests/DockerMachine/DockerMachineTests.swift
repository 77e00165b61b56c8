// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Machines
import OperatorCommands
import SecureShell
import SwarmCore
import Testing

@Suite("docker-machine")
struct DockerMachineTests {
    /// Runs a command line on the bench's store.
    private func run(_ bench: Bench, _ words: String..., environment: [String: String] = [:]) async throws -> Int32 {
        let all = ["HOME": bench.folder, "MACHINE_STORAGE_PATH": bench.store.root].merging(environment) { $1 }
        return try await DockerMachineProgram.run(words, environment: all) { _ in bench.context(environment) }
    }

    /// Two machines of the fake driver: `box` runs, its engine answers; `old` is stopped.
    private func machines() throws -> Bench {
        let bench = try Bench()
        try bench.makeCertificates(for: MachineStore.implicitCluster)
        let spec = ClusterSpec(name: MachineStore.implicitCluster, driver: "fake")
        try bench.store.save(ClusterRecord(id: "c", spec: spec, createdAt: 1))
        try bench.makeMachine("box", number: 1)
        try bench.makeMachine("old", number: 2)
        bench.driver.set("old", .stopped)
        bench.engines.answer("https://10.0.0.1:2376", "/version", #"{"Version":"28.2.2"}"#)
        bench.engines.answer("https://10.0.0.1:2376", "/_ping", "OK")
        return bench
    }

    @Test("is meant by the program's name, and by the first word")
    func multicall() {
        #expect(DockerMachineProgram.words(["ls"], calledAs: "/usr/local/bin/docker-machine") == ["ls"])
        #expect(DockerMachineProgram.words(["docker-machine", "ls"], calledAs: "swarmctl") == ["ls"])
        #expect(DockerMachineProgram.words(["ls"], calledAs: "/usr/bin/swarmctl") == nil)
    }

    @Test("ls prints docker-machine's table")
    func list() async throws {
        let bench = try machines()

        let status = try await run(bench, "ls", environment: ["DOCKER_HOST": "tcp://10.0.0.1:2376"])

        #expect(status == 0)
        #expect(
            bench.terminal.output == [
                "NAME   ACTIVE   DRIVER   STATE     URL                   SWARM   DOCKER    ERRORS",
                "box    *        fake     Running   tcp://10.0.0.1:2376           v28.2.2   ",
                "old    -        fake     Stopped                                 Unknown   ",
            ]
        )
    }

    @Test(
        "ls prints what is asked for",
        arguments: [
            (words: ["-q"], output: ["box", "old"]),
            (words: ["--filter", "state=running", "-q"], output: ["box"]),
            (words: ["--filter=name=^o", "--filter", "driver=FAKE", "--quiet"], output: ["old"]),
            (words: ["-f", "{{.Name}}: {{.State}}"], output: ["box: Running", "old: Stopped"]),
            (
                words: ["--format", "table {{.Name}}\\t{{.URL}}"],
                output: [
                    "NAME   URL", "box    tcp://10.0.0.1:2376", "old    ",
                ]
            ),
        ]
    )
    func listWishes(words: [String], output: [String]) async throws {
        let bench = try machines()
        let environment = ["HOME": bench.folder, "MACHINE_STORAGE_PATH": bench.store.root]

        let status = try await DockerMachineProgram.run(["ls"] + words, environment: environment) { _ in
            bench.context()
        }

        #expect(status == 0)
        #expect(bench.terminal.output == output)
    }

    @Test(
        "env speaks each shell's language",
        arguments: [
            (
                shell: "bash",
                lines: [
                    #"export DOCKER_TLS_VERIFY="1""#, #"export DOCKER_HOST="tcp://10.0.0.1:2376""#,
                    #"export DOCKER_CERT_PATH="STORE/machines/box""#, #"export DOCKER_MACHINE_NAME="box""#,
                    "# Run this command to configure your shell: ", "# eval $(docker-machine env --shell bash box)",
                ]
            ),
            (
                shell: "fish",
                lines: [
                    #"set -gx DOCKER_TLS_VERIFY "1";"#, #"set -gx DOCKER_HOST "tcp://10.0.0.1:2376";"#,
                    #"set -gx DOCKER_CERT_PATH "STORE/machines/box";"#, #"set -gx DOCKER_MACHINE_NAME "box";"#,
                    "# Run this command to configure your shell: ", "# eval (docker-machine env --shell fish box)",
                ]
            ),
            (
                shell: "cmd",
                lines: [
                    "SET DOCKER_TLS_VERIFY=1", "SET DOCKER_HOST=tcp://10.0.0.1:2376",
                    "SET DOCKER_CERT_PATH=STORE/machines/box", "SET DOCKER_MACHINE_NAME=box",
                    "REM Run this command to configure your shell: ",
                    "REM \t@FOR /f \"tokens=*\" %i IN ('docker-machine env --shell cmd box') DO @%i",
                ]
            ),
        ]
    )
    func env(shell: String, lines: [String]) async throws {
        let bench = try machines()

        #expect(try await run(bench, "env", "--shell", shell, "box") == 0)

        #expect(bench.terminal.output == lines.map { $0.replacing("STORE", with: bench.store.root) })
    }

    @Test("env takes its variables back, and names no machine then")
    func unset() async throws {
        let bench = try machines()

        #expect(try await run(bench, "env", "-u", environment: ["SHELL": "/bin/zsh"]) == 0)
        #expect(
            bench.terminal.output.prefix(4) == [
                "unset DOCKER_TLS_VERIFY", "unset DOCKER_HOST", "unset DOCKER_CERT_PATH", "unset DOCKER_MACHINE_NAME",
            ]
        )
        #expect(try await run(bench, "env", "-u", "box", environment: ["SHELL": "/bin/zsh"]) == 1)
        #expect(bench.terminal.notes == ["Error: Expected no machine name when the -u flag is present"])
    }

    @Test("what a CI runner asks for of a machine")
    func runner() async throws {
        let bench = try machines()

        #expect(try await run(bench, "config", "box") == 0)
        #expect(try await run(bench, "url", "box") == 0)
        #expect(try await run(bench, "ip", "box") == 0)
        #expect(try await run(bench, "status", "old") == 0)
        #expect(try await run(bench, "inspect", "box", "-f", "{{.HostOptions.AuthOptions.StorePath}}") == 0)

        let own = "\(bench.store.root)/machines/box"
        #expect(
            bench.terminal.output == [
                "--tlsverify", "--tlscacert=\"\(own)/ca.pem\"", "--tlscert=\"\(own)/cert.pem\"",
                "--tlskey=\"\(own)/key.pem\"", "-H=tcp://10.0.0.1:2376", "tcp://10.0.0.1:2376", "10.0.0.1", "Stopped",
                own,
            ]
        )
        for file in ["ca.pem", "cert.pem", "key.pem", "config.json"] {
            #expect(AtomicFile.exists("\(own)/\(file)"))
        }
        #expect(AtomicFile.exists("\(bench.store.root)/certs/ca-key.pem"))
    }

    @Test(
        "says what docker-machine says, with its status",
        arguments: [
            (
                words: ["ip", "ghost"], status: 1,
                note: """
                Docker machine "ghost" does not exist. Use "docker-machine ls" to list machines. \
                Use "docker-machine create" to add a new one.
                """
            ),
            (words: ["url", "old"], status: 1, note: "Host is not running"),
            (words: ["start", "box"], status: 1, note: #"Machine "box" is already running."#),
            (words: ["ssh", "old"], status: 1, note: #"Error: Cannot run SSH command: Host "old" is not running"#),
            (
                words: ["status"], status: 1,
                note: #"Error: No machine name(s) specified and no "default" machine exists"#
            ),
            (words: ["env", "box"], status: 1, note: "Error: Unknown shell"),
            (words: ["active"], status: 1, note: "No active host found"),
            (words: ["ls", "--filter", "a=b"], status: 1, note: "Unsupported filter key 'a'"),
            (
                words: ["badcmd"], status: 1,
                note: """
                docker-machine: 'badcmd' is not a docker-machine command. See 'docker-machine --help'.
                """
            ),
            (
                words: ["create", "-d", "nope", "x"], status: 1,
                note: """
                Driver "nope" not found. Do you have the plugin binary "docker-machine-driver-nope" accessible in your PATH?
                """
            ),
            (words: ["create", "-d", "fake", "box"], status: 1, note: #"Docker machine "box" already exists"#),
        ]
    )
    func failures(words: [String], status: Int32, note: String) async throws {
        let bench = try machines()
        let environment = ["HOME": bench.folder, "MACHINE_STORAGE_PATH": bench.store.root]

        let ended = try await DockerMachineProgram.run(words, environment: environment) { _ in bench.context() }

        #expect(ended == status)
        #expect(bench.terminal.notes == [note])
        #expect(bench.terminal.output.isEmpty)
    }

    @Test("stop, start and kill change what is not so yet")
    func power() async throws {
        let bench = try machines()

        #expect(try await run(bench, "stop", "box") == 0)
        #expect(try await run(bench, "stop", "box") == 1)

        #expect(bench.driver.calls == ["stop box"])
        #expect(bench.terminal.output == [#"Stopping "box"..."#, #"Machine "box" was stopped."#])
        #expect(bench.terminal.notes.last == #"Machine "box" is already stopped."#)
    }

    @Test("rm removes the machine with its folder; with -f the status is 0 whatever happens")
    func remove() async throws {
        let bench = try machines()

        #expect(try await run(bench, "rm", "-y", "box") == 0)

        #expect(
            bench.terminal.output == [
                "About to remove box",
                "WARNING: This action will delete both local reference and remote instance.",
                "Successfully removed box",
            ]
        )
        #expect(bench.driver.calls.contains("remove box"))
        #expect(!AtomicFile.exists("\(bench.store.root)/machines/box"))
        #expect(try await run(bench, "rm", "-y", "box") == 1)
        #expect(
            bench.terminal.notes.last?.hasPrefix(#"Error removing host "box": Docker machine "box" does not"#) == true
        )
        #expect(try await run(bench, "rm", "-f", "box") == 0)
    }

    @Test("a machine that docker-machine made is taken over where it is")
    func takeOver() async throws {
        let bench = try Bench()
        try OldStore(bench.store.root).write("web", driver: "generic", address: "10.9.8.7")

        #expect(try await run(bench, "ls", "-q") == 0)
        #expect(try await run(bench, "inspect", "web", "--format", "{{.Driver.IPAddress}}") == 0)

        #expect(bench.terminal.output == ["web", "10.9.8.7"])
        let record = try bench.store.machine("web")
        #expect(record.ssh == SSHAddress(user: "ubuntu", host: "10.9.8.7", port: 22))
        #expect(record.ownKey == "\(bench.store.root)/machines/web/id_rsa")
        #expect(try AtomicFile.readText(bench.store.pkiFolder(of: "default") + "/ca.pem") == "CA")
    }
}
