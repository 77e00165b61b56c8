// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import SwarmCore

extension MachineRun {
    // MARK: One value

    /// `ip`, `url` and `status`: a line a machine.
    func value(_ verb: String, _ words: [String]) async throws {
        let words = try MachineWords(words, flags: [])
        let all = verb == "ip" ? try machines(words.rest) : [try only(words.rest)]
        for machine in all {
            switch verb {
            case "status":
                terminal.output(Self.word(for: try await state(of: machine), driver: machine.driver))
            case "url":
                try await requireRunning(machine)
                terminal.output(try url(of: machine))
            default:
                try await requireRunning(machine)
                terminal.output(machine.address ?? "")
            }
        }
    }

    /// `inspect`: what `config.json` says.
    func inspect(_ words: [String]) throws {
        let words = try MachineWords(words, flags: [MachineFlag("format", "f")])
        let machine = try only(words.rest)
        let path = store.machineFolder(machine.name) + "/config.json"
        if !AtomicFile.exists(path) {
            try publish(machine)
        }
        let json = try MachineConfiguration(parsing: try AtomicFile.read(path), path: path).json
        guard let format = words["format"], !format.isEmpty else {
            return terminal.output(json.text)
        }
        do {
            terminal.output(try GoTemplate(parsing: format).render(json))
        } catch {
            throw MachineFailure("Template parsing error: \(error.message)")
        }
    }

    /// `version`: ours, or that of a machine's engine.
    func version(_ words: [String]) async throws {
        let words = try MachineWords(words, flags: [])
        guard !words.rest.isEmpty else {
            return terminal.output(DockerMachineProgram.version)
        }
        terminal.output(try await engineVersion(of: try only(words.rest), timeout: .seconds(20)))
    }

    func engineVersion(of machine: MachineRecord, timeout: Duration) async throws -> String {
        let target = try context.engineTarget(of: .machine(machine))
        let reply = try await context.engines.json("/version", at: target, deadline: .after(timeout))
        return reply["Version"].string ?? ""
    }

    /// `active`: the machine that `DOCKER_HOST` means.
    func active(_ words: [String]) async throws {
        _ = try MachineWords(words, flags: [MachineFlag("timeout", "t")])
        guard let name = try activeName() else {
            throw MachineFailure("No active host found")
        }
        terminal.output(name)
    }

    func activeName() throws -> String? {
        guard let host = context.environment["DOCKER_HOST"], !host.isEmpty else {
            return nil
        }
        return try store.machineNames().first { try store.machine($0).engineURL == host }
    }

    // MARK: ls

    private static let table = """
        table {{ .Name }}\\t{{ .Active }}\\t{{ .DriverName}}\\t{{ .State }}\\t{{ .URL }}\\t{{ .Swarm }}\\t\
        {{ .DockerVersion }}\\t{{ .Error}}
        """
    private static let headings: [String: JSONValue] = [
        "Name": "NAME", "Active": "ACTIVE", "ActiveHost": "ACTIVE_HOST", "ActiveSwarm": "ACTIVE_SWARM",
        "DriverName": "DRIVER", "State": "STATE", "URL": "URL", "Swarm": "SWARM", "SwarmOptions": "SWARM_OPTIONS",
        "EngineOptions": "ENGINE_OPTIONS", "Error": "ERRORS", "DockerVersion": "DOCKER", "ResponseTime": "RESPONSE",
    ].mapValues { .string($0) }

    func list(_ words: [String]) async throws {
        let flags = [
            MachineFlag("quiet", "q", isSwitch: true), MachineFlag("filter"), MachineFlag("timeout", "t"),
            MachineFlag("format", "f"),
        ]
        let words = try MachineWords(words, flags: flags)
        let filters = try words.all("filter").map(MachineFilter.init)
        let timeout = words["timeout"].flatMap { Int($0) } ?? 10
        guard (1...3600).contains(timeout) else {
            throw MachineFailure("invalid value \"\(words["timeout"] ?? "")\" for flag -timeout")
        }
        let names = Array(Set(store.machineNames() + MachineAdoption.machines(in: folder)))
            .sorted(by: naturallyPrecedes)
        if words.has("quiet") && !filters.contains(where: { $0.key == "state" }) {
            return names.filter { name in matches(filters, name, state: nil) }.forEach(terminal.output)
        }
        let active = try activeName()
        let rows = await inParallel(names, limit: 32) { name in
            await row(name, isActive: name == active, timeout: .seconds(timeout))
        }
        let shown = zip(names, rows).filter { matches(filters, $0, state: $1["State"].string) }.map(\.1)
        if words.has("quiet") {
            return shown.compactMap { $0["Name"].string }.forEach(terminal.output)
        }
        try show(shown, format: words["format"] ?? Self.table)
    }

    private func show(_ rows: [JSONValue], format: String) throws {
        let hasHeadings = format.hasPrefix("table")
        let body = hasHeadings ? String(format.dropFirst(5).drop { $0 == " " }) : format
        do {
            let template = try GoTemplate(parsing: body)
            let all = (hasHeadings ? [.object(Self.headings)] : []) + rows
            let lines = try all.map { try template.render($0) }
            TabWriter.lines(lines.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) })
                .forEach(terminal.output)
        } catch let error as OperatorError {
            throw MachineFailure("Template parsing error: \(error.message)")
        }
    }

    private func row(_ name: String, isActive: Bool, timeout: Duration) async -> JSONValue {
        var cells: [String: JSONValue] = [
            "Name": .string(name), "Active": .string(isActive ? "*" : "-"), "ActiveHost": .boolean(isActive),
            "ActiveSwarm": .boolean(false), "Swarm": .string(""), "URL": .string(""), "Error": .string(""),
            "DockerVersion": .string("Unknown"), "ResponseTime": .integer(0), "EngineOptions": .null,
            "SwarmOptions": .null,
        ]
        let machine: MachineRecord
        do {
            machine = try store.machine(name)
        } catch {
            cells["DriverName"] = .string("not found")
            cells["State"] = .string("Error")
            cells["Error"] = .string(ErrorReport(error).message)
            return .object(cells)
        }
        cells["DriverName"] = .string(machine.driver)
        do {
            let state = try await withDeadline(.after(timeout), operation: "asking for the state") {
                try await self.state(of: machine)
            }
            let word = Self.word(for: state, driver: machine.driver)
            cells["State"] = .string(word)
            guard word == "Running" else {
                return .object(cells)
            }
            cells["URL"] = .string(machine.engineURL ?? "")
            cells["DockerVersion"] = .string("v" + (try await engineVersion(of: machine, timeout: timeout)))
        } catch is DeadlineExceeded where cells["State"] == nil {
            cells["State"] = .string("Timeout")
        } catch {
            cells["State"] = cells["State"] ?? .string("Error")
            let text = ErrorReport(error).message
            let isRunning = cells["State"] == .string("Running")
            cells["Error"] = .string(isRunning ? "Unable to query docker version: \(text)" : text)
        }
        return .object(cells)
    }

    /// Filters of one key are alternatives; those of different keys must all match.
    private func matches(_ filters: [MachineFilter], _ name: String, state: String?) -> Bool {
        let machine = try? store.machine(name)
        let labels = (try? store.cluster(machine?.cluster ?? "").spec.engine.labels) ?? []
        return Dictionary(grouping: filters, by: \.key).allSatisfy { _, alternatives in
            alternatives.contains { filter in
                switch filter.key {
                case "driver": machine?.driver.lowercased() == filter.value.lowercased()
                case "state": state?.lowercased() == filter.value.lowercased()
                case "name": name.firstMatch(of: filter.expression) != nil
                case "label": labels.contains { $0.lowercased() == filter.value.lowercased() }
                default: false
                }
            }
        }
    }
}

/// A filter of `ls`.
struct MachineFilter {
    let key: String
    let value: String
    /// For the key `name`: not anchored.
    let expression: Regex<AnyRegexOutput>

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw MachineFailure("Unsupported filter syntax")
        }
        key = parts[0].lowercased()
        value = parts[1]
        guard ["swarm", "driver", "state", "name", "label"].contains(key) else {
            throw MachineFailure("Unsupported filter key '\(parts[0])'")
        }
        guard let expression = try? Regex(key == "name" ? value : "") else {
            throw MachineFailure("Unsupported filter syntax")
        }
        self.expression = expression
    }
}

/// Go's tabwriter with the settings of docker-machine: cells end at tabs, and are three spaces apart.
enum TabWriter {
    static func lines(_ lines: [Substring]) -> [String] {
        let rows = lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.dropLast().enumerated() {
                let width = max(5, DisplayWidth.of(cell) + 3)
                if column < widths.count {
                    widths[column] = max(widths[column], width)
                } else {
                    widths.append(width)
                }
            }
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : DisplayWidth.pad(cell, to: widths[column])
            }
            .joined()
        }
    }
}
