// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmTesting
import Testing

/// swarmctl as docker-machine, its stores, and its plug-ins, on real hosts.
@Suite("docker-machine on hosts", .serialized)
struct DockerMachineIntegrationTests {
    @Test("a CI runner's calls: create, look, use, upgrade, stop, remove; and no key in output or argv")
    func runner() async throws {
        try await Sandbox.with { sandbox in
            let name = "dm-\(UUID().uuidString.prefix(6).lowercased())"
            let machine = try Personality(sandbox)
            let seen = ArgumentSampler()
            seen.start()

            let created = try await machine.run([
                "create", "--driver", "local", "--local-image=swarmctl/node:docker", "--engine-label=ci=yes", name,
            ])
            let arguments = seen.stop()
            do {
                #expect(created.status == 0, "\(created)")
                try await use(name, machine)
                try await expectNoKeys(of: name, machine, in: [created.output, created.errors] + arguments)
                try await upgrade(name, machine, sandbox)
                try await examine(name, machine, sandbox)
                #expect(try await machine.run(["stop", name]).status == 0)
                #expect(try await machine.run(["status", name]).line == "Stopped")
            } catch {
                _ = try await machine.run(["rm", "-f", name])
                throw error
            }
            let removed = try await machine.run(["rm", "-y", name])

            #expect(removed.status == 0, "\(removed)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: machine.store + "/machines") == [])
        }
    }

    private func use(_ name: String, _ machine: Personality) async throws {
        #expect(try await machine.run(["config", name]).status == 0)
        #expect(try await machine.run(["status", name]).line == "Running")
        #expect(try await machine.run(["ls", "-q", "--filter", "state=Running"]).line == name)
        let answer = try await machine.docker(name, ["info", "--format", "{{.Name}} {{.Labels}}"])
        #expect(answer.line == "\(name) [provider=local ci=yes]", "\(answer)")
        #expect(try await machine.run(["ssh", name, "hostname"]).line == name)
        // What a shell makes of it, as runners do.
        let words = ["-c", #"eval "$("$0" env --shell bash "$1")" && docker info --format '{{.Name}}'"#]
        let shell = try await run("bash", words + [machine.program, name], environment: machine.environment)
        #expect(shell.line == name, "\(shell)")
    }

    /// Neither the keys of the store nor that of the host are in `texts`.
    private func expectNoKeys(of name: String, _ machine: Personality, in texts: [String]) async throws {
        let files = FileManager.default.enumerator(atPath: machine.store)?.compactMap { $0 as? String } ?? []
        var keys = files.compactMap { try? String(contentsOfFile: "\(machine.store)/\($0)", encoding: .utf8) }
            .filter { $0.contains("PRIVATE KEY-----") }
        #expect(keys.count >= 4, "the authority's, the operator's, and two of SSH")
        keys.append(try await machine.run(["ssh", name, "cat /etc/docker/server-key.pem"]).output)
        // The end of a key is its own; keys begin alike.
        let ends = keys.compactMap { key -> Substring? in
            key.split(whereSeparator: \.isNewline).dropLast().last { $0.count > 20 }
        }

        #expect(ends.count == keys.count)
        #expect(!texts.contains { text in ends.contains { text.contains($0) } })
    }

    private func upgrade(_ name: String, _ machine: Personality, _ sandbox: Sandbox) async throws {
        let loaded = try await machine.docker(name, ["load", "-i", Testbed.busybox])
        #expect(loaded.status == 0, "\(loaded)")
        let survivor = try await machine.docker(name, ["run", "-d", "busybox", "sleep", "3600"]).line
        let life = ["inspect", "--format", "{{.State.Pid}} {{.State.StartedAt}} {{.State.Running}}", survivor]
        let before = try await machine.docker(name, life).line
        let offered = try await machine.run(["ssh", name, newerEnginePackage])
        #expect(offered.line.hasSuffix("+lab1"), "\(offered)")

        let upgraded = try await machine.run(["upgrade", name])

        #expect(upgraded.status == 0, "\(upgraded)")
        let installed = try await machine.run(["ssh", name, "dpkg-query -W -f '${Version}' docker.io"])
        #expect(installed.line == offered.line)
        #expect(before.hasSuffix(" true"))
        #expect(try await machine.docker(name, life).line == before, "the container goes on")
        let again = try await sandbox.swarmctl(["upgrade", name, "--store", machine.store])
        #expect(again.status == 0 && again.line == "\(name): nothing newer", "\(again)")
        let missing = try await sandbox.swarmctl([
            "upgrade", name, "--engine-version", "99.1", "--store", machine.store,
        ])
        #expect(missing.status != 0 && missing.errors.contains("has the version 99.1"), "\(missing)")
    }

    /// `doctor` on a host whose engine is well, and then is not.
    private func examine(_ name: String, _ machine: Personality, _ sandbox: Sandbox) async throws {
        let well = try await sandbox.swarmctl(["doctor", name, "--store", machine.store])
        #expect(well.status == 0, "\(well)")
        let ended = try await machine.run(["ssh", name, "systemctl stop docker.socket docker.service"])
        #expect(ended.status == 0, "\(ended)")

        let ill = try await sandbox.swarmctl(["doctor", name, "--quiet", "--store", machine.store])

        #expect(ill.status == 13, "\(ill)")
        #expect(ill.output.contains("engine") && !ill.output.contains("ssh"), "\(ill)")
    }

    @Test("a host of a docker-machine store works under swarmctl, and one that a plug-in makes too")
    func oldStoreAndPlugin() async throws {
        let host = "dm-host-\(UUID().uuidString.prefix(6).lowercased())"
        try await Sandbox.with { sandbox in
            let address = try await Testbed.startHost(host, key: sandbox.key + ".pub")
            let old = try await makeOldStore(sandbox, address: address)

            let imported = try await sandbox.swarmctl(["import", "docker-machine", "--from", old])
            #expect(imported.status == 0, "\(imported)")
            #expect(imported.line == "web")
            #expect(try await sandbox.swarmctl(["ssh", "web", "echo in; exit 3"]).status == 3)
            let answer = try await sandbox.docker("web", ["info", "--format", "{{.ServerVersion}}"])
            #expect(answer.status == 0, "\(answer)")

            try await usePlugin(sandbox, address: address)
        }
        try await Testbed.removeHosts([host])
    }

    /// A store with an authority of RSA, as docker-machine made them, and a host in it; nothing of ours is left there.
    private func makeOldStore(_ sandbox: Sandbox, address: String) async throws -> String {
        let machine = try Personality(sandbox)
        let certificates = machine.store + "/certs"
        try FileManager.default.createDirectory(atPath: certificates, withIntermediateDirectories: true)
        let authority = try await run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1080", "-subj", "/O=root", "-keyout",
                certificates + "/ca-key.pem", "-out", certificates + "/ca.pem", "-addext",
                "keyUsage=digitalSignature,keyEncipherment,keyAgreement,keyCertSign",
            ]
        )
        try #require(authority.status == 0, "\(authority)")
        let created = try await machine.run([
            "create", "-d", "generic", "--generic-ip-address", address, "--generic-ssh-key", sandbox.key, "web",
        ])
        try #require(created.status == 0, "\(created)")
        try FileManager.default.removeItem(atPath: machine.store + "/clusters")
        try FileManager.default.removeItem(atPath: machine.store + "/machines/web/machine.json")
        return machine.store
    }

    private func usePlugin(_ sandbox: Sandbox, address: String) async throws {
        var environment = sandbox.environment
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        environment["PATH"] = "\(Testbed.checkout)/Tests/Fixtures:\(path)"
        environment["STANDIN_TOKEN"] = "plug-in-credential"
        func swarmctl(_ words: String...) async throws -> ProgramResult {
            try await run(Testbed.swarmctl, words, environment: environment, timeout: .seconds(600))
        }

        let help = try await swarmctl("create", "machine", "--driver", "standin", "--help")
        #expect(help.output.contains("--standin-cpus <number>"))
        let created = try await swarmctl(
            "create",
            "machine",
            "made",
            "--driver",
            "standin",
            "--standin-address",
            address,
            "--standin-ssh-key",
            sandbox.key
        )
        #expect(created.status == 0, "\(created)")
        #expect(try await swarmctl("ssh", "made", "hostname").status == 0)
        #expect(try await swarmctl("stop", "made").status == 0)
        #expect(try await swarmctl("start", "made").status == 0)
        let record = try sandbox.read("machines/made/machine.json")
        #expect(!record.contains("plug-in-credential"))
        #expect(!record.contains(sandbox.store), "only what the user gave has an absolute path")
        let removed = try await swarmctl("rm", "-y", "made")
        #expect(removed.status == 0, "\(removed)")
    }
}
