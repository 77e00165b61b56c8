// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SecureShell
import SwarmCore
import Synchronization
import Testing

@testable import Provisioning

@Suite("Provisioner")
struct ProvisionerTests {
    private static let reach = FakeHost.Answer(mark: "cloud-init status --wait", output: "::done yes\n")

    private func facts(_ report: String) async throws -> (HostFacts, FakeHost) {
        let host = FakeHost([Self.reach, FakeHost.Answer(mark: "look_at_system", output: report)])
        return (try await Provisioner().look(request(host), deadline: .after(.seconds(5))), host)
    }

    @Test("a look reads what the script reports, and shows nothing of it in a command line")
    func look() async throws {
        let (facts, host) = try await facts(Reports.fresh)

        #expect(facts.system.family == .debian)
        #expect(facts.system.privilege == .root)
        #expect(facts.system.freeSpace["/"] == 10_240_000_000)
        #expect(facts.engine.installedVersion == nil)
        #expect(facts.files.daemonJSON == nil)
        #expect(Set(host.commands) == [HostShell.command])
        #expect(host.scripts.last?.contains("for name in '10.0.0.1' '127.0.0.1' '::1' ;") == true)
    }

    @Test(
        "who is known to be root, or to become it, runs scripts at once; who is not yet known is asked",
        arguments: [
            (privilege: .root, command: #"exec sh -s -- "$SSH_CONNECTION""#),
            (privilege: .sudo, command: #"exec sudo -n sh -s -- "$SSH_CONNECTION""#),
            (privilege: .none, command: HostShell.command),
        ] as [(privilege: SystemFacts.Privilege, command: String)]
    )
    func commandLine(privilege: SystemFacts.Privilege, command: String) async throws {
        let host = FakeHost([Self.reach])
        let shell = HostShell(request(host), deadline: .after(.seconds(5)), privilege: privilege) { _, _ in }

        _ = try await shell.run("reach.sh", [:], step: .reach)

        #expect(host.commands == [command])
    }

    @Test("the plan for a fresh host names every change, in the order of the steps")
    func plan() async throws {
        let (facts, host) = try await facts(Reports.fresh)

        let lines = try Provisioner().plan(request(host), facts: facts)

        #expect(
            lines == [
                "install Docker Engine", "make a key and a certificate", "write /etc/docker/daemon.json",
                "start the engine with the host", "start the engine",
            ]
        )
    }

    @Test("a user who is not root, without sudo, is denied before anything else")
    func noPrivilege() async throws {
        let report = "::user dev\n::uid 1000\n::done yes\n"

        let error = try await #require(throws: ProvisionError.self) { try await facts(report) }

        #expect(error.cause == .noPrivilege(user: "dev"))
        #expect(error.message == #"host "n1": privilege: the user "dev" is not root and has no password-less sudo"#)
        #expect(error.kind == .denied)
        #expect(error.hint?.contains("/etc/sudoers.d/dev") == true)
    }

    struct Obstacle: Sendable, CustomTestStringConvertible {
        let report: String
        let cause: ProvisionError.Cause
        let kind: ErrorKind
        var testDescription: String { "\(cause)" }
    }

    static let obstacles = [
        Obstacle(report: "::engine-version 19.03.15\n", cause: .engineTooOld(version: "19.3.15"), kind: .failed),
        Obstacle(report: "::listener 2376 nginx\n", cause: .portTaken(port: 2376, by: "\"nginx\""), kind: .conflict),
        Obstacle(
            report: "::room /var/cache 1000\n",
            cause: .diskFull(path: "/var/cache", free: "1000 KiB"),
            kind: .noCapacity
        ),
        Obstacle(
            report: "::os-release ID=own\n::services openrc\n",
            cause: .unsupportedSystem(name: "unknown Linux"),
            kind: .failed
        ),
        Obstacle(
            report: "::engine-version 20.10.5\n::daemon-json {\n",
            cause: .malformedConfiguration(
                path: "/etc/docker/daemon.json",
                reason: "line 2, column 1: the text ends too early"
            ),
            kind: .failed
        ),
        Obstacle(
            report: "::engine-version 20.10.5\n::engine-running yes\n::containers 2\n::swarm active\n",
            cause: .wouldStopContainers(
                count: 2,
                reason: "the engine is in Swarm mode, which does not go with live-restore"
            ),
            kind: .conflict
        ),
    ]

    @Test("what is in the way is told by the plan, before any change", arguments: obstacles)
    func obstacle(_ obstacle: Obstacle) async throws {
        let (facts, host) = try await facts(Reports.fresh + obstacle.report)

        let error = try #require(throws: ProvisionError.self) { try Provisioner().plan(request(host), facts: facts) }

        #expect(error.cause == obstacle.cause)
        #expect(error.kind == obstacle.kind)
    }

    @Test("a running engine that does not keep containers is told to before it is restarted")
    func liveRestoreFirst() async throws {
        let running = "::engine-version 20.10.5\n::engine-running yes\n::enabled yes\n::live-restore false\n"
        let (busy, host) = try await facts(Reports.fresh + running + "::containers 1\n")
        let (idle, _) = try await facts(Reports.fresh + running + "::containers 0\n")

        #expect(try EngineChange(request(host), facts: busy, mustRestart: false).reloadsFirst)
        #expect(try !EngineChange(request(host), facts: idle, mustRestart: false).reloadsFirst)
    }

    @Test(
        "a script's word for its failure becomes a cause",
        arguments: [
            (output: "::fail disk-full /var 0\n", cause: ProvisionError.Cause.diskFull(path: "/var", free: "0 B")),
            (
                output: "::fail disk-full /var 9999999\n",
                cause: .installFailed(reason: "cannot write on \"/var\": read-only")
            ),
            (
                output: "::fail no-network apt-get cannot resolve x\n",
                cause: .noPackageNetwork(manager: "apt-get", reason: "cannot resolve x")
            ),
            (output: "::fail locked process 7 (apt)\n", cause: .packagesLocked(by: "process 7 (apt)")),
            (
                output: "::fail checksum https://x aa bb\n",
                cause: .checksumMismatch(url: "https://x", expected: "aa", actual: "bb")
            ),
            (output: "::fail engine-restored why\n", cause: .engineDidNotStart(reason: "why", restored: true)),
            (output: "::fail odd word\n", cause: .scriptFailed(status: "odd", output: "word")),
            (output: "::user root\n", cause: .scriptFailed(status: "exit status 3", output: "first; read-only")),
        ]
    )
    func failures(output: String, cause: ProvisionError.Cause) async throws {
        let host = FakeHost([
            Self.reach,
            FakeHost.Answer(mark: "look_at_system", output: output, errors: "first\n\nread-only\n", status: .exited(3)),
        ])

        let error = try await #require(throws: ProvisionError.self) {
            try await Provisioner().look(request(host), deadline: .after(.seconds(5)))
        }

        #expect(error.cause == cause)
    }

    @Test("lines of progress reach the caller whole, and in order")
    func progress() async throws {
        let host = FakeHost([
            Self.reach,
            FakeHost.Answer(mark: "look_at_system", output: "::progress one\n::progress two words\n" + Reports.fresh),
        ])
        let details = Mutex<[String]>([])

        _ = try await Provisioner().look(request(host), deadline: .after(.seconds(5))) { _, event in
            if case .detail(let text) = event {
                details.withLock { $0.append(text) }
            }
        }

        #expect(details.withLock { $0 } == ["one", "two words"])
    }
}
