// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
package import SecureShell
internal import SwarmCore

/// Virtual machines of VirtualBox 7 on this host, from a cloud image.
///
/// A machine is behind NAT, with ports of this host that lead to its SSH and its engine; a network between
/// hosts is added on request only. Its UUID in VirtualBox is the id that we gave it, and its group names its
/// cluster, so that a machine is found from the moment it is registered.
package struct VirtualBoxDriver: MachineDriver {
    package let name = "virtualbox"
    package let summary = "virtual machines of VirtualBox on this host"
    package let makesHosts = true
    package let options = Self.allOptions
    let vbox: VBoxManage
    let folder: String
    let cloudInit: CloudInit
    let patience: Patience
    let routes: @Sendable () -> String

    /// - Parameters:
    ///   - tool: runs `VBoxManage`.
    ///   - folder: of the store, absolute; disks are below `machines/NAME` in it.
    ///   - environment: of the process.
    ///   - patience: how states are waited for.
    ///   - routes: this host's, in the form of Linux's `/proc/net/route`.
    package init(
        tool: any ToolRunning,
        folder: String,
        environment: [String: String],
        patience: Patience = Patience(interval: .milliseconds(500), limit: .seconds(90)),
        routes: @escaping @Sendable () -> String = {
            (try? String(contentsOfFile: "/proc/net/route", encoding: .utf8)) ?? ""
        }
    ) {
        vbox = VBoxManage(tool, driver: "virtualbox")
        self.folder = folder
        cloudInit = CloudInit(environment: environment)
        self.patience = patience
        self.routes = routes
    }

    package init(folder: String, environment: [String: String]) {
        let tool = HostTool(
            "VBoxManage",
            advice: "install VirtualBox 7 from virtualbox.org, or your system's packages",
            environment: environment
        )
        self.init(tool: RetryingVBoxManage(tool), folder: folder, environment: environment)
    }

    /// Where the machine's disk and seed are.
    func place(_ machine: String) -> String { "\(folder)/machines/\(machine)/vm" }

    func disk(of machine: String) -> String { "\(place(machine))/disk.vdi" }
    func seed(of machine: String) -> String { "\(place(machine))/seed.iso" }

    // MARK: Power

    package func start(_ machine: DriverMachine) async throws {
        let info = try await existing(machine)
        switch info["VMState"] {
        case "running", "starting": return
        case "paused": try await vbox(["controlvm", try id(machine), "resume"], machine: machine.name)
        default: try await vbox(["startvm", try id(machine), "--type", "headless"], machine: machine.name)
        }
        try await wait(for: .running, machine)
    }

    /// As its power button does; a machine that does not heed it is switched off.
    package func stop(_ machine: DriverMachine) async throws {
        guard Self.state(try await existing(machine)) == .running else {
            return
        }
        try await vbox(["controlvm", try id(machine), "acpipowerbutton"], machine: machine.name)
        do {
            try await wait(for: .stopped, machine)
        } catch is MachineError {
            try await kill(machine)
        }
    }

    package func kill(_ machine: DriverMachine) async throws {
        guard Self.state(try await existing(machine)) != .stopped else {
            return
        }
        try await vbox(["controlvm", try id(machine), "poweroff"], machine: machine.name)
        try await wait(for: .stopped, machine)
    }

    package func restart(_ machine: DriverMachine) async throws {
        try await stop(machine)
        try await start(machine)
    }

    package func remove(_ machine: DriverMachine) async throws {
        if let info = try await vbox.info(try id(machine), machine: machine.name) {
            if Self.state(info) != .stopped {
                try await kill(machine)
            }
            try await forgetMedia(machine, info)
            try await vbox(["unregistervm", try id(machine), "--delete"], machine: machine.name)
        }
        try? FileManager.default.removeItem(atPath: place(machine.name))
    }

    /// Media stay in VirtualBox's lists when a machine goes: the seed, and a copy that was cut off and so belongs to none.
    private func forgetMedia(_ machine: DriverMachine, _ info: VBoxManage.Info) async throws {
        func attached(_ port: Int) -> String? {
            info["SATA-\(port)-0"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if attached(0) == nil {
            try await forget("disk", disk(of: machine.name), machine.name)
        }
        if attached(1) != nil {
            let words = ["--storagectl", "SATA", "--port", "1", "--device", "0", "--medium", "none"]
            try await vbox(["storageattach", try id(machine)] + words, machine: machine.name)
        }
        try await forget("dvd", attached(1) ?? seed(of: machine.name), machine.name)
    }

    /// Makes VirtualBox forget a medium of ours that no machine has, and removes it; it may be only a file, or not there.
    ///
    /// - Parameters:
    ///   - kind: `disk` or `dvd`.
    ///   - path: of the medium.
    ///   - machine: for messages.
    /// - Throws: ``MachineError`` when VirtualBox does not answer, or the medium is locked for a moment.
    func forget(_ kind: String, _ path: String, _ machine: String) async throws {
        do {
            try await vbox(["closemedium", kind, path, "--delete"], machine: machine)
        } catch let error as MachineError where error.kind != .unreachable && !error.isTransient {
            // Nothing is known of it, which is as good.
        }
        try? FileManager.default.removeItem(atPath: path)
    }

    func wait(for wanted: MachineState, _ machine: DriverMachine) async throws {
        let reached = try await patience.wait { try await state(of: machine) == wanted ? true : nil }
        guard reached == true else {
            throw MachineError.provider(
                driver: name,
                machine: machine.name,
                problem: "it does not become \(wanted.rawValue)",
                kind: .unreachable,
                isTransient: true
            )
        }
    }

    // MARK: Looking

    package func state(of machine: DriverMachine) async throws -> MachineState {
        guard let info = try await vbox.info(try id(machine), machine: machine.name) else {
            return .notFound
        }
        return Self.state(info)
    }

    package func address(of machine: DriverMachine) async throws -> String {
        guard let address = machine.state["address"] else {
            throw gone(machine)
        }
        return address
    }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? {
        let port = machine.state["ssh-port"].flatMap { UInt16($0) } ?? 22
        return SSHAddress(
            user: machine.options["virtualbox-ssh-user"] ?? "root",
            host: try await address(of: machine),
            port: port
        )
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] {
        let listed = try await vbox(["list", "vms"], machine: "")
        var found: [TaggedResource] = []
        for line in listed.split(whereSeparator: \.isNewline) where line.hasSuffix("}") {
            let id = String((line.split(separator: "{").last ?? "").dropLast())
            guard let info = try await vbox.info(id, machine: ""), let group = info["groups"],
                group.hasPrefix(Self.group)
            else {
                continue
            }
            let cluster = String(group.dropFirst(Self.group.count))
            let machine = TaggedResource(
                kind: "machine",
                id: id,
                machine: info["name"],
                cluster: cluster,
                machineID: id
            )
            found.append(machine)
        }
        return found
    }

    /// What the groups of our machines begin with; their cluster follows.
    static let group = "/swarmctl/"

    static func state(_ info: VBoxManage.Info) -> MachineState {
        switch info["VMState"] {
        case "running": .running
        case "paused": .paused
        case "starting", "restoring": .starting
        case "stopping", "saving": .stopping
        case "poweroff", "aborted", "aborted-saved", "saved": .stopped
        case "gurumeditation": .error
        default: .unknown
        }
    }

    /// The machine's UUID, which is the id that we gave it.
    func id(_ machine: DriverMachine) throws -> String {
        guard let id = machine.state["vm"] ?? UUID(uuidString: machine.id)?.uuidString.lowercased() else {
            throw gone(machine)
        }
        return id
    }

    private func existing(_ machine: DriverMachine) async throws -> VBoxManage.Info {
        guard let info = try await vbox.info(try id(machine), machine: machine.name) else {
            throw gone(machine)
        }
        return info
    }

    private func gone(_ machine: DriverMachine) -> MachineError {
        .provider(
            driver: name,
            machine: machine.name,
            problem: "it does not exist",
            kind: .notFound,
            isTransient: false
        )
    }
}
