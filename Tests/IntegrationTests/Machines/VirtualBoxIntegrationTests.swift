// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The real swarmctl and the real VBoxManage; only starting machines is stood in for.
@Suite("swarmctl on VirtualBox", .serialized)
struct VirtualBoxIntegrationTests {
    @Test("a machine is made, reached, stopped, started, killed and restarted, and nothing of it is left after rm")
    func life() async throws {
        try await VirtualBoxHome.with { box in
            let name = VirtualBoxHome.name()
            try await box.succeed(["create", "machine", name, "--no-provision"] + box.options)

            let first = try await box.succeed("ssh", name, "hostname; touch /root/mine")
            #expect(first.line == name)
            #expect(try await box.succeed("ip", name).line == "127.0.0.1")
            #expect(try await box.manage("list", "hdds").contains("machines/\(name)/vm/disk.vdi"))
            // The image has the size of its disk, and the disk that of the option.
            #expect(try await box.manage("list", "hdds").contains("20000 MBytes"))
            try await box.succeed("stop", name)
            #expect(try await box.succeed("status", name).line == "Stopped")
            try await box.succeed("start", name)
            try await eventually("what was written is there") {
                try await box.swarmctl(["ssh", name, "ls /root/mine"]).line == "/root/mine"
            }
            try await box.succeed("kill", name)
            #expect(try await box.succeed("status", name).line == "Stopped")
            try await box.succeed("restart", name)
            try await eventually("SSH is back") { try await box.swarmctl(["ssh", name, "hostname"]).line == name }
            try await box.succeed("rm", name, "-y")

            #expect(try await box.leftovers(of: name) == "")
        }
    }

    @Test("what a create that was killed left behind is found by gc, and taken up by the same create")
    func killedCreate() async throws {
        try await VirtualBoxHome.with { box in
            let (lost, resumed) = (VirtualBoxHome.name(), VirtualBoxHome.name())
            // However late the kill comes: without an engine for them, machines do not start.
            let environment = box.environment.merging(["SWARMCTL_TEST_ENGINE": "unix:///nowhere"]) { $1 }
            for name in [lost, resumed] {
                let words = ["create", "machine", name, "--no-provision"] + box.options
                let create = try RunningCommand(Testbed.swarmctl, words, environment: environment)
                try await eventually("\(name) is registered") { try await box.manage("list", "vms").contains(name) }
                create.kill()
                _ = await create.wait()
            }
            // The record goes, the machine stays: what a store that was lost leaves behind.
            try FileManager.default.removeItem(atPath: "\(box.sandbox.store)/machines/\(lost)/machine.json")

            let collected = try await box.succeed("gc", "--driver", "virtualbox", "--all", "-y")
            #expect(collected.output.contains(lost) && !collected.output.contains(resumed), "\(collected)")
            #expect(try await !box.manage("list", "vms").contains(lost))
            try await box.succeed(["create", "machine", resumed, "--no-provision"] + box.options)
            #expect(try await box.succeed("ssh", resumed, "hostname").line == resumed)
            try await box.succeed("rm", resumed, "-y")

            #expect(try await box.manage("list", "vms") == "")
            #expect(try await box.manage("list", "hdds") == "")
            #expect(try await box.manage("list", "dvds") == "")
        }
    }

    @Test("a name that VirtualBox has, a folder without room and a network that this host has: refused with a way out")
    func refusals() async throws {
        try await VirtualBoxHome.with { box in
            let name = VirtualBoxHome.name()
            let create = ["create", "machine", name, "--no-provision"] + box.options
            _ = try await box.manage("createvm", "--name", name, "--basefolder", box.home, "--register")
            let taken = try await box.swarmctl(create)
            _ = try await box.manage("unregistervm", name, "--delete")

            let full = try await box.onSmallFileSystem { try await box.swarmctl(create) }

            let network = try await box.onNetwork(name, "192.168.57.128/25") {
                try await box.swarmctl(create + ["--virtualbox-hostonly-cidr", "192.168.57.1/24"])
            }
            // Without the kernel module the network cannot be made; the tool's own words say so.
            let noModule = try await box.swarmctl(create + ["--virtualbox-hostonly-cidr", "192.168.58.1/24"])

            for (result, texts) in [
                (taken, [name, "VirtualBox has a machine of that name", "choose another name, or remove it with"]),
                (full, [name, "are free in", "and 513 MiB are needed", "SWARMCTL_STORE"]),
                (network, [name, "192.168.57.0/24 overlaps 192.168.57.128/25", "--virtualbox-hostonly-cidr"]),
                (noModule, [name, "failed to open /dev/vboxnetctl", "load VirtualBox's kernel modules"]),
            ] {
                #expect(result.status != 0)
                for text in texts {
                    #expect(result.errors.contains(text), "\(text): \(result)")
                }
            }
            try await box.succeed("rm", name, "-y")
            #expect(try await box.leftovers(of: name) == "")
        }
    }

    @Test("a cluster of two machines runs a container, is back after all its hosts were stopped, and goes")
    func cluster() async throws {
        try await VirtualBoxHome.with { box in
            let name = VirtualBoxHome.name()
            let address = try await box.bridgeAddress()
            let options = box.options + ["--virtualbox-address", address, "--nodes", "2", "-y"]
            try await box.succeed(["create", "cluster", name] + options)
            let docker = try await box.dockerEnvironment(name)

            let loaded = try await run("docker", ["load", "-i", Testbed.busybox], environment: docker)
            #expect(loaded.status == 0, "\(loaded)")
            let kept = try await run(
                "docker",
                ["run", "-d", "--name", "web", "--restart", "always", "busybox", "sleep", "100000"],
                environment: docker
            )
            #expect(kept.status == 0, "\(kept)")
            let echoed = try await run("docker", ["run", "--rm", "busybox", "echo", "hello"], environment: docker)
            #expect(echoed.line == "hello", "\(echoed)")
            try await box.succeed("stop", name)
            try await box.succeed("start", name)
            try await eventually("both nodes are healthy, and the container runs") {
                let info = try await run("docker", ["info"], environment: docker)
                let running = try await run("docker", ["ps", "--format", "{{.Names}}"], environment: docker)
                return info.output.components(separatedBy: "Status: Healthy").count == 3
                    && running.output.contains("/web")
            }
            try await box.succeed("rm", name, "-y")

            #expect(try await box.leftovers(of: name + "-1") == "")
        }
    }
}

extension VirtualBoxHome {
    @discardableResult
    fileprivate func succeed(_ arguments: [String]) async throws -> ProgramResult {
        let result = try await swarmctl(arguments)
        try #require(result.status == 0, "\(arguments): \(result)")
        return result
    }

    /// Runs `body` while the machines' folder is a file system of 16 MiB.
    fileprivate func onSmallFileSystem<Value>(_ body: () async throws -> Value) async throws -> Value {
        let folder = sandbox.store + "/machines"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let mounted = try await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder])
        try #require(mounted.status == 0, "\(mounted)")
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        _ = try await run("umount", ["-l", folder])
        return try result.get()
    }

    /// Runs `body` while this host has a route to `subnet`.
    fileprivate func onNetwork<Value>(_ name: String, _ subnet: String, _ body: () async throws -> Value) async throws
        -> Value
    {
        let docker = ["-H", Testbed.engine, "network"]
        let made = try await run("docker", docker + ["create", "--subnet", subnet, name])
        try #require(made.status == 0, "\(made)")
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        _ = try await run("docker", docker + ["rm", name])
        return try result.get()
    }

    /// This host's address on the engine's bridge, which containers and this host reach.
    fileprivate func bridgeAddress() async throws -> String {
        let form = "{{(index .IPAM.Config 0).Gateway}}"
        let shown = try await run("docker", ["-H", Testbed.engine, "network", "inspect", "bridge", "-f", form])
        try #require(shown.status == 0 && !shown.line.isEmpty, "\(shown)")
        return shown.line
    }

    /// What `swarmctl env` sets.
    fileprivate func dockerEnvironment(_ cluster: String) async throws -> [String: String] {
        try await sandbox.dockerEnvironment(cluster)
    }
}
