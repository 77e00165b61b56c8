// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import ClusterLifecycle
internal import Foundation
internal import Machines
internal import SecureShell
internal import SwarmCore

extension MachineRun {
    // MARK: create

    private static let createFlags: [MachineFlag] = [
        MachineFlag("driver", "d"), MachineFlag("engine-install-url"), MachineFlag("engine-opt"),
        MachineFlag("engine-insecure-registry"), MachineFlag("engine-registry-mirror"), MachineFlag("engine-label"),
        MachineFlag("engine-storage-driver"), MachineFlag("engine-env"), MachineFlag("tls-san"),
        MachineFlag("swarm", isSwitch: true), MachineFlag("swarm-master", isSwitch: true), MachineFlag("swarm-image"),
        MachineFlag("swarm-discovery"), MachineFlag("swarm-strategy"), MachineFlag("swarm-opt"),
        MachineFlag("swarm-join-opt"), MachineFlag("swarm-host"), MachineFlag("swarm-addr"),
        MachineFlag("swarm-experimental", isSwitch: true),
    ]

    /// `create`: makes a machine, and writes the files that others read of it.
    func create(_ words: [String]) async throws {
        let known = try MachineWords(words, flags: Self.createFlags, keepsUnknown: true)
        let driver = known["driver"] ?? context.environment["MACHINE_DRIVER"] ?? "virtualbox"
        guard context.drivers.contains(where: { $0.name == driver }) else {
            throw MachineFailure(
                "Driver \"\(driver)\" not found. Do you have the plugin binary "
                    + "\"docker-machine-driver-\(driver)\" accessible in your PATH?"
            )
        }
        guard !known.has("swarm"), !known.has("swarm-master") else {
            throw MachineFailure("Error: swarms are made with `swarmctl create cluster`, and not machine by machine")
        }
        let flags = try DriverFlags(
            Self.withoutOwnFlags(words),
            of: try context.driver(driver),
            environment: context.environment
        )
        guard flags.names.count == 1 else {
            terminal.note(
                flags.names.isEmpty
                    ? "Error: No machine name specified"
                    : "Invalid command line. Found extra arguments \(flags.names.dropFirst())"
            )
            throw MachineFailure()
        }
        let name = flags.names[0]
        guard ObjectName.problem(with: name) == nil else {
            throw MachineFailure(
                "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"
            )
        }
        guard try !store.hasMachine(name) || store.machine(name).phase != .registered else {
            throw MachineFailure("Docker machine \"\(name)\" already exists")
        }
        let settings = settings(known, driver: driver)
        terminal.output("Running pre-create checks...")
        terminal.output("Creating machine...")
        let machine: MachineRecord
        do {
            machine = try await context.withLifecycle(try WorkOptions.parse([])) { lifecycle in
                try await lifecycle.createMachine(name, driver: driver, options: flags.values, settings: settings)
            }
        } catch {
            // What was made must be found by `rm`, also by programs that look for the file.
            if store.hasMachine(name), let begun = try? store.machine(name), begun.phase >= .created {
                try? publish(begun, settings: settings)
            }
            throw error
        }
        try publish(machine, settings: settings)
        terminal.output("Docker is up and running!")
        terminal.output(
            "To see how to connect your Docker Client to the Docker Engine running on this virtual machine, "
                + "run: docker-machine env \(name)"
        )
    }

    /// The words that are for the driver: flags that it knows, and the name.
    private static func withoutOwnFlags(_ words: [String]) -> [String] {
        var kept: [String] = []
        var queue = words[...]
        while let word = queue.popFirst() {
            let name = String(word.drop { $0 == "-" }.prefix { $0 != "=" })
            guard word.hasPrefix("-"), let flag = createFlags.first(where: { $0.names.contains(name) }) else {
                // One dash is as good as two here.
                kept.append(word.hasPrefix("-") && !word.hasPrefix("--") && word.count > 2 ? "-" + word : word)
                continue
            }
            if !flag.isSwitch, !word.contains("=") {
                _ = queue.popFirst()
            }
        }
        return kept
    }

    private func settings(_ words: MachineWords, driver: String) -> ClusterSpec {
        var spec = ClusterSpec(name: MachineStore.implicitCluster, driver: driver)
        spec.engine.labels = words.all("engine-label")
        spec.engine.options = words.all("engine-opt")
        spec.engine.environment = words.all("engine-env")
        spec.engine.insecureRegistries = words.all("engine-insecure-registry")
        let mirror = context.environment["ENGINE_REGISTRY_MIRROR"].map { [$0] } ?? []
        spec.engine.registryMirrors =
            words.all("engine-registry-mirror").isEmpty
            ? mirror : words.all("engine-registry-mirror")
        spec.engine.storageDriver = words["engine-storage-driver"].flatMap { $0.isEmpty ? nil : $0 }
        spec.tlsNames = words.all("tls-san")
        let url = words["engine-install-url"] ?? context.environment["MACHINE_DOCKER_INSTALL_URL"] ?? ""
        if url == "none" {
            spec.engine.install = "none"
        } else if !url.isEmpty {
            terminal.note(
                "\(url) is not run: Docker comes from the packages of the host's distribution. "
                    + "For a script with its checksum use `swarmctl create machine --engine-install`."
            )
        }
        return spec
    }

    // MARK: Power

    private static let sayings: [String: (doing: String, done: String, state: String)] = [
        "start": ("Starting", "started", "Running"), "stop": ("Stopping", "stopped", "Stopped"),
        "kill": ("Killing", "killed", "Stopped"), "restart": ("Restarting", "restarted", ""),
    ]

    /// `start`, `stop`, `restart` and `kill`; one that is so already is an error, as docker-machine has it.
    func power(_ verb: String, _ words: [String]) async throws {
        guard let action = PowerAction(rawValue: verb), let saying = Self.sayings[verb] else {
            return
        }
        let machines = try machines(try MachineWords(words, flags: []).rest)
        let change = PowerChange(action: action, timeout: .seconds(180), context: quiet)
        let failures = await inParallel(machines, limit: 16) { machine -> String? in
            do {
                let state = Self.word(for: try await state(of: machine), driver: machine.driver)
                if state == saying.state {
                    return "Machine \"\(machine.name)\" is already \(state.lowercased())."
                }
                terminal.output("\(saying.doing) \"\(machine.name)\"...")
                try await change.run([machine])
                terminal.output("Machine \"\(machine.name)\" was \(saying.done).")
                try publish(try store.machine(machine.name))
                return nil
            } catch {
                return ErrorReport(error).message
            }
        }
        try Task.checkCancellation()
        try fail(failures.compactMap { $0 })
    }

    private func fail(_ lines: [String]) throws {
        guard lines.isEmpty else {
            var failure = MachineFailure()
            failure.lines = lines
            throw failure
        }
    }

    // MARK: rm

    /// `rm`; with `-f` what cannot be removed is forgotten, and the status is 0.
    func remove(_ words: [String]) async throws -> Int32 {
        let flags = [MachineFlag("force", "f", isSwitch: true), MachineFlag("y", isSwitch: true)]
        let words = try MachineWords(words, flags: flags)
        let force = words.has("force")
        guard !words.rest.isEmpty else {
            throw MachineFailure("Error: Expected to get one or more machine names as arguments")
        }
        terminal.output("About to remove \(words.rest.joined(separator: ", "))")
        terminal.output("WARNING: This action will delete both local reference and remote instance.")
        if !force, !words.has("y"), !terminal.confirm("Are you sure? (y/n): ") {
            return 0
        }
        var failures: [String] = []
        for name in words.rest {
            do {
                try await removeOne(name, force: force)
                terminal.output("Successfully removed \(name)")
            } catch let failure as MachineFailure {
                failures += failure.lines.map { "Error removing host \"\(name)\": \($0)" }
            } catch let error as CancellationError {
                throw error
            } catch {
                failures.append("Error removing host \"\(name)\": \(ErrorReport(error).message)")
            }
        }
        failures.forEach(terminal.note)
        return failures.isEmpty || force ? 0 : 1
    }

    private func removeOne(_ name: String, force: Bool) async throws {
        let isOurs = store.hasMachine(name)
        if isOurs {
            try await context.withLifecycle(try WorkOptions.parse([])) { lifecycle in
                try await lifecycle.remove([name], force: force, purge: false)
            }
        }
        // A name with a slash must not lead out of the folder.
        guard ObjectName.problem(with: name) == nil, isOurs || AtomicFile.exists(store.machineFolder(name)) else {
            throw MachineFailure.unknown(name)
        }
        try store.removeMachine(name)
    }

    // MARK: Engines

    /// `provision`: runs all steps again.
    func provision(_ words: [String]) async throws {
        let machines = try machines(try MachineWords(words, flags: []).rest)
        try await provision(machines)
    }

    private func provision(_ machines: [MachineRecord]) async throws {
        let names = machines.map(\.name)
        try await context.withLifecycle(try WorkOptions.parse([])) { try await $0.provision(names) }
        for name in names {
            try publish(try store.machine(name))
        }
    }

    /// `regenerate-certs`: new certificates for the engines; the authority stays.
    func regenerate(_ words: [String]) async throws {
        let flags = [MachineFlag("force", "f", isSwitch: true), MachineFlag("client-certs", isSwitch: true)]
        let words = try MachineWords(words, flags: flags)
        let machines = try machines(words.rest)
        let question = "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): "
        guard words.has("force") || terminal.confirm(question) else {
            return
        }
        terminal.output("Regenerating TLS certificates")
        if words.has("client-certs") {
            for cluster in Set(machines.map(\.cluster)) {
                AtomicFile.remove(store.pkiFolder(of: cluster) + "/cert.pem")
            }
        }
        for machine in machines {
            _ = try await script("rm -f /etc/docker/server.pem", on: machine)
        }
        try await provision(machines)
    }

    /// `upgrade`: the newest engine that the host's packages have.
    func upgrade(_ words: [String]) async throws {
        for machine in try machines(try MachineWords(words, flags: []).rest) {
            try await requireRunning(machine)
            terminal.output("Upgrading docker on \"\(machine.name)\"...")
            let upgrades = try await context.withLifecycle(try WorkOptions.parse([])) { lifecycle in
                try await lifecycle.upgrade([machine.name], to: nil)
            }
            for upgrade in upgrades {
                _ = try upgrade.changes.get()
            }
            try await provision([machine])
        }
    }

    /// Runs a shell script as root.
    private func script(_ text: String, on machine: MachineRecord) async throws -> String {
        try await requireRunning(machine)
        let result = try await context.shells.withSession(to: machine) { session in
            try await session.run(
                "sh -c '[ \"$(id -u)\" = 0 ] && exec sh -s || exec sudo -n sh -s'",
                input: Array(text.utf8),
                deadline: .after(.seconds(900))
            )
        }
        guard result.status.isSuccess else {
            throw MachineFailure("Error: on \"\(machine.name)\": \(result.standardError)")
        }
        return result.standardOutput
    }
}
