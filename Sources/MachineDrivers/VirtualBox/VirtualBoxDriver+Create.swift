// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

extension VirtualBoxDriver {
    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        let values = DriverValues(request.options, of: self)
        var state = state
        if state["vm"] == nil {
            let forwards = try GuestForwards(request, address: values["address"], state: [:])
            state.merge(forwards.state) { $1 }
            // The id is ours: it is known before there is anything that has it.
            state["vm"] = UUID(uuidString: request.id)?.uuidString.lowercased() ?? UUID().uuidString.lowercased()
            try save(state)
        }
        guard let id = state["vm"], let forwards = GuestForwards(state: state) else {
            throw values.bad("image", "the machine's record is not complete")
        }
        var info = try await vbox.info(id, machine: request.name)
        if info == nil {
            try await register(id, request)
            info = try await vbox.info(id, machine: request.name)
        }
        if info?["VMState"] != "running" {
            try await complete(id, request, values, forwards, info ?? [:])
            try await vbox(["startvm", id, "--type", values["ui-type"] ?? "headless"], machine: request.name)
        }
        let machine = DriverMachine(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
        try await wait(for: .running, machine)
        try save(state)
        return state
    }

    private func register(_ id: String, _ request: MachineRequest) async throws {
        // What a call that was cut off left without registering it.
        try? FileManager.default.removeItem(atPath: place(request.name))
        try AtomicFile.makeFolder(place(request.name))
        try await vbox(
            [
                "createvm", "--basefolder", place(request.name), "--name", request.name, "--uuid", id, "--ostype",
                "Linux26_64", "--groups", Self.group + request.cluster, "--register",
            ],
            machine: request.name
        )
    }

    /// Makes what is missing; each command can be given again.
    private func complete(
        _ id: String,
        _ request: MachineRequest,
        _ values: DriverValues,
        _ forwards: GuestForwards,
        _ info: VBoxManage.Info
    ) async throws {
        let machine = request.name
        let (cpus, memory, disk) = try limits(values)
        try await vbox(
            [
                "modifyvm", id, "--cpus", "\(cpus)", "--memory", "\(memory)", "--ioapic", "on", "--acpi", "on",
                "--rtc-use-utc", "on", "--audio-enabled", "off", "--usb-ohci", "off", "--boot1", "disk", "--nic1",
                "nat",
                "--nic-type1", values["nat-nictype"] ?? "virtio", "--cable-connected1", "on",
                "--nat-dns-host-resolver1",
                values.isOn("host-dns-resolver") ? "on" : "off", "--nat-dns-proxy1",
                values.isOn("no-dns-proxy") ? "off" : "on", "--nat-localhostreachable1", "on",
            ],
            machine: machine
        )
        let known = info.filter { $0.key.hasPrefix("Forwarding(") }.values.map { String($0.prefix { $0 != "," }) }
        for pair in forwards.pairs where !known.contains(pair.name) {
            let rule = "\(pair.name),tcp,\(forwards.address),\(pair.outside),,\(pair.inside)"
            try await vbox(["modifyvm", id, "--nat-pf1", rule], machine: machine)
        }
        if let network = values["hostonly-cidr"] {
            let adapter = try await hostOnlyAdapter(network, machine)
            try await vbox(
                [
                    "modifyvm", id, "--nic2", "hostonly", "--nic-type2", values["hostonly-nictype"] ?? "virtio",
                    "--nic-promisc2", values["hostonly-nicpromisc"] ?? "deny", "--host-only-adapter2", adapter,
                    "--cable-connected2", "on",
                ],
                machine: machine
            )
        }
        try await attachDisks(id, request, values, disk: disk, info)
    }

    private func attachDisks(
        _ id: String,
        _ request: MachineRequest,
        _ values: DriverValues,
        disk size: Int,
        _ info: VBoxManage.Info
    ) async throws {
        let machine = request.name
        let disk = disk(of: machine)
        let seed = seed(of: machine)
        if !info.values.contains("SATA") {
            try await vbox(["storagectl", id, "--name", "SATA", "--add", "sata", "--portcount", "2"], machine: machine)
        }
        if info["SATA-0-0"] != disk {
            // A copy that was cut off may be known to VirtualBox, or be only a file.
            try await forget("disk", disk, machine)
            try await copy(try values.required("image"), to: disk, machine)
            try await grow(disk, to: size, machine)
            try await attach(id, port: 0, type: "hdd", disk, machine)
        }
        let image = SeedImage(files: [
            (name: "meta-data", content: Array(try cloudInit.metaData(for: request).utf8)),
            (name: "user-data", content: Array(try userData(request, values).utf8)),
        ])
        if info["SATA-1-0"] != seed {
            // The host's private key is in it.
            try AtomicFile.write(image.bytes, to: seed, mode: 0o600)
            try await attach(id, port: 1, type: "dvddrive", seed, machine)
        }
    }

    private func userData(_ request: MachineRequest, _ values: DriverValues) throws -> String {
        try cloudInit.userData(for: request, user: values["ssh-user"] ?? "root", extra: values["userdata"])
    }

    private func copy(_ image: String, to disk: String, _ machine: String) async throws {
        let image = URL(fileURLWithPath: image).path
        let limit = Duration.seconds(1800)
        guard ![".raw", ".img"].contains(where: image.hasSuffix) else {
            try await vbox(["convertfromraw", image, disk, "--format", "VDI"], machine: machine, limit: limit)
            return
        }
        // What is copied gets into VirtualBox's list of disks, and out of it again unless it was there before.
        let listed = VBoxManage.blocks(try await vbox(["list", "hdds"], machine: machine))
        let result: Result<String, any Error>
        do {
            let words = ["clonemedium", "disk", image, disk, "--format", "VDI"]
            result = .success(try await vbox(words, machine: machine, limit: limit))
        } catch {
            result = .failure(error)
        }
        if !listed.contains(where: { $0["Location"] == image }) {
            _ = try? await vbox(["closemedium", "disk", image], machine: machine)
        }
        _ = try result.get()
    }

    /// In MiB; a disk that is larger stays as it is.
    private func grow(_ disk: String, to size: Int, _ machine: String) async throws {
        let text = try await vbox(["showmediuminfo", "disk", disk], machine: machine)
        let capacity = VBoxManage.blocks(text).first?["Capacity"]?.split(separator: " ").first.flatMap { Int($0) }
        if let capacity, capacity < size {
            // In bytes: in MiB it is refused where the disk becomes much larger.
            try await vbox(["modifymedium", "disk", disk, "--resizebyte", "\(size << 20)"], machine: machine)
        }
    }

    private func attach(_ id: String, port: Int, type: String, _ medium: String, _ machine: String) async throws {
        try await vbox(
            [
                "storageattach", id, "--storagectl", "SATA", "--port", "\(port)", "--device", "0", "--type", type,
                "--medium", medium,
            ],
            machine: machine
        )
    }

    /// The adapter that has this address already, else a new one.
    private func hostOnlyAdapter(_ wanted: String, _ machine: String) async throws -> String {
        let address = String(wanted.prefix { $0 != "/" })
        let mask = HostNetwork.text(of: HostNetwork(parsing: wanted)?.mask ?? 0)
        let known = VBoxManage.blocks(try await vbox(["list", "hostonlyifs"], machine: machine))
        if let name = known.first(where: { $0["IPAddress"] == address && $0["NetworkMask"] == mask })?["Name"] {
            return name
        }
        let created = try await vbox(["hostonlyif", "create"], machine: machine)
        guard let name = created.split(separator: "'").dropFirst().first.map(String.init) else {
            throw MachineError.provider(
                driver: self.name,
                machine: machine,
                problem: "VBoxManage does not tell the name of the host-only network that it made",
                kind: .failed,
                isTransient: false
            )
        }
        try await vbox(["hostonlyif", "ipconfig", name, "--ip", address, "--netmask", mask], machine: machine)
        return name
    }
}
