// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import SwarmCore
import Synchronization

/// VBoxManage in memory, with the words of the real one (7.2); calls go wrong as planned.
final class FakeVBoxManage: Sendable {
    struct Machine {
        var name: String
        var group: String
        var state = "poweroff"
        var values: [String: String] = [:]
    }

    private let machines = Mutex<[String: Machine]>([:])
    /// VirtualBox's lists of media, by path.
    private let disks = Mutex<Set<String>>([])
    private let adapters = Mutex<[String]>([])

    /// The program as one run of swarmctl sees it.
    func tool(_ plan: FaultPlan) -> any ToolRunning { FaultingVBoxManage.path(to: Tool(fake: self), plan: plan) }

    /// What `modifyvm` and the like were told of the machine with this name.
    func values(_ name: String) -> [String: String] {
        machines.withLock { all in all.values.first { $0.name == name }?.values ?? [:] }
    }

    /// The media that VirtualBox knows.
    var media: Set<String> { disks.withLock { $0 } }

    func addMedium(_ path: String) { disks.withLock { _ = $0.insert(path) } }

    func add(_ name: String) {
        machines.withLock { $0[UUID().uuidString.lowercased()] = Machine(name: name, group: "/") }
    }

    private struct Tool: ToolRunning {
        let fake: FakeVBoxManage

        func run(_ words: [String], deadline: Deadline) async throws -> ToolResult { fake.perform(words) }
    }

    static func failure(_ text: String, _ code: String) -> ToolResult {
        ToolResult(
            status: 1,
            errors: "VBoxManage: error: \(text)\nVBoxManage: error: Details: code \(code) (0x80bb0001), component X\n"
        )
    }

    private func perform(_ words: [String]) -> ToolResult {
        let first = words.first ?? ""
        let id = words.count > 1 ? words[1] : ""
        switch first {
        case "--version": return ToolResult(status: 0, output: "7.2.22_Debianr175245\n")
        case "list": return list(id)
        case "createvm": return create(words)
        case "hostonlyif": return hostOnly(words)
        case "convertfromraw": return copy(words[1], to: words[2])
        case "clonemedium": return copy(words[2], to: words[3])
        case "showmediuminfo": return ToolResult(status: 0, output: "UUID:           1\nCapacity:       20 MBytes\n")
        case "modifymedium": return ToolResult(status: 0)
        case "closemedium": return close(words[2])
        default: return change(first, id, words)
        }
    }

    private func list(_ what: String) -> ToolResult {
        if what == "hdds" {
            let blocks = disks.withLock { $0.sorted() }.map { "UUID:           1\nLocation:       \($0)\n" }
            return ToolResult(status: 0, output: blocks.joined(separator: "\n"))
        }
        guard what == "vms" else {
            let blocks = adapters.withLock { $0 }.map { "Name:            \($0)\nIPAddress:       192.168.56.1\n" }
            return ToolResult(status: 0, output: blocks.joined(separator: "\n"))
        }
        let lines = machines.withLock { $0.map { "\"\($1.name)\" {\($0)}\n" } }
        return ToolResult(status: 0, output: lines.joined())
    }

    private func value(_ flag: String, _ words: [String]) -> String {
        words.firstIndex(of: flag).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil } ?? ""
    }

    private func create(_ words: [String]) -> ToolResult {
        let id = value("--uuid", words)
        return machines.withLock { machines in
            guard machines[id] == nil else {
                return Self.failure("Registered machine with UUID {\(id)} already exists", "NS_ERROR_INVALID_ARG")
            }
            machines[id] = Machine(name: value("--name", words), group: value("--groups", words))
            return ToolResult(status: 0)
        }
    }

    private func hostOnly(_ words: [String]) -> ToolResult {
        guard words[1] == "create" else {
            return ToolResult(status: 0)
        }
        return adapters.withLock { adapters in
            adapters.append("vboxnet\(adapters.count)")
            return ToolResult(
                status: 0,
                output: "Interface '\(adapters[adapters.count - 1])' was successfully created\n"
            )
        }
    }

    /// Both get into the list of disks, as the real one does with `clonemedium`.
    private func copy(_ image: String, to path: String) -> ToolResult {
        disks.withLock { $0.formUnion([image, path]) }
        return FileManager.default.createFile(atPath: path, contents: Data("disk".utf8))
            ? ToolResult(status: 0) : Self.failure("Cannot create \(path)", "VBOX_E_FILE_ERROR")
    }

    private func close(_ path: String) -> ToolResult {
        let isAttached = machines.withLock { $0.values.contains { $0.values.values.contains(path) } }
        guard !isAttached else {
            return Self.failure("Medium '\(path)' is attached", "VBOX_E_OBJECT_IN_USE")
        }
        return disks.withLock { $0.remove(path) } == nil
            ? Self.failure("Could not find file for the medium", "VBOX_E_FILE_ERROR") : ToolResult(status: 0)
    }

    private func change(_ verb: String, _ id: String, _ words: [String]) -> ToolResult {
        machines.withLock { machines in
            guard var machine = machines[id] else {
                return Self.failure(
                    "Could not find a registered machine with UUID {\(id)}",
                    "VBOX_E_OBJECT_NOT_FOUND"
                )
            }
            defer { machines[id] = verb == "unregistervm" ? nil : machine }
            let isRunning = machine.state == "running"
            switch verb {
            case "showvminfo": return ToolResult(status: 0, output: Self.text(id, machine))
            case "unregistervm":
                // With --delete: the disk goes, and the seed stays in the list.
                let disk = machine.values["SATA-0-0"]
                disks.withLock { if let disk { $0.remove(disk) } }
                return ToolResult(status: 0)
            case "startvm":
                guard !isRunning else {
                    return Self.failure("The machine is already locked", "VBOX_E_INVALID_OBJECT_STATE")
                }
                machine.state = "running"
            case "controlvm":
                guard isRunning else {
                    return Self.failure("Machine '\(id)' is not currently running.", "")
                }
                machine.state = "poweroff"
            case "modifyvm":
                return Self.modify(&machine, words)
            case "storagectl":
                guard machine.values["storagecontrollername0"] == nil else {
                    return Self.failure("Storage controller named 'SATA' already exists", "VBOX_E_OBJECT_IN_USE")
                }
                machine.values["storagecontrollername0"] = "SATA"
            case "storageattach":
                let medium = words[words.count - 1]
                machine.values["SATA-\(value("--port", words))-0"] = medium
                disks.withLock { if medium.hasPrefix("/") { $0.insert(medium) } }
            default: return Self.failure("Invalid command '\(verb)'", "")
            }
            return ToolResult(status: 0)
        }
    }

    private static func modify(_ machine: inout Machine, _ words: [String]) -> ToolResult {
        var rest = words.dropFirst(2)
        while let flag = rest.popFirst(), let value = rest.popFirst() {
            guard flag == "--nat-pf1" else {
                machine.values[flag] = value
                continue
            }
            let name = value.prefix { $0 != "," }
            let rules = machine.values.filter { $0.key.hasPrefix("Forwarding(") }
            guard !rules.values.contains(where: { $0.hasPrefix("\(name),") }) else {
                return failure("A NAT rule of this name already exists", "NS_ERROR_INVALID_ARG")
            }
            machine.values["Forwarding(\(rules.count))"] = value
        }
        return ToolResult(status: 0)
    }

    private static func text(_ id: String, _ machine: Machine) -> String {
        var lines = ["name=\"\(machine.name)\"", "groups=\"\(machine.group)\"", "UUID=\"\(id)\""]
        lines.append("VMState=\"\(machine.state)\"")
        lines += machine.values.filter { !$0.key.hasPrefix("--") }.map { key, value in
            key.hasPrefix("SATA") ? "\"\(key)\"=\"\(value)\"" : "\(key)=\"\(value)\""
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
