// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import SwarmCore

/// VirtualBox's command line, one call at a time: two at once trip over each other's locks.
actor VBoxManage {
    /// What a machine is, by the keys of `showvminfo --machinereadable`.
    typealias Info = [String: String]

    private let tool: any ToolRunning
    private let driver: String
    private var last: Task<Void, Never>?

    init(_ tool: any ToolRunning, driver: String) {
        self.tool = tool
        self.driver = driver
    }

    /// Runs a command that must succeed.
    ///
    /// - Parameters:
    ///   - words: as typed after `VBoxManage`.
    ///   - machine: for messages.
    ///   - limit: after which it is ended, from when its turn comes.
    /// - Returns: what it wrote to its standard output.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:advice:)``, ``ToolError``.
    @discardableResult
    func callAsFunction(
        _ words: [String],
        machine: String,
        limit: Duration = .seconds(120)
    ) async throws -> String {
        let result = try await run(words, machine: machine, limit: limit)
        guard result.status == 0 else {
            throw failure(of: words, result, machine: machine)
        }
        return result.output
    }

    /// What VirtualBox knows of a machine; `nil` when there is none.
    func info(_ id: String, machine: String) async throws -> Info? {
        let result = try await run(
            ["showvminfo", id, "--machinereadable"],
            machine: machine,
            limit: .seconds(60)
        )
        guard result.status == 0 else {
            if Self.isUnknown(result.errors) {
                return nil
            }
            throw failure(of: ["showvminfo"], result, machine: machine)
        }
        return Self.properties(result.output)
    }

    /// `NAME="VALUE"` and `"NAME"="VALUE"`, a line each.
    static func properties(_ text: String) -> Info {
        var properties: Info = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 {
                properties[unquoted(parts[0])] = unquoted(parts[1])
            }
        }
        return properties
    }

    /// Blocks of `NAME:   VALUE` with an empty line between, as of `list hostonlyifs`.
    static func blocks(_ text: String) -> [Info] {
        var blocks: [Info] = [[:]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard let colon = line.firstIndex(of: ":") else {
                if blocks.last?.isEmpty == false {
                    blocks.append([:])
                }
                continue
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            blocks[blocks.count - 1][String(line[..<colon])] = String(value)
        }
        return blocks.filter { !$0.isEmpty }
    }

    private static func unquoted(_ text: Substring) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            ? String(text.dropFirst().dropLast()) : String(text)
    }

    /// The name of the error is the same in all of VirtualBox's languages.
    private static func isUnknown(_ errors: String) -> Bool { errors.contains("VBOX_E_OBJECT_NOT_FOUND") }

    /// What the tool says before it says where in its source that is.
    private static func problem(_ result: ToolResult) -> String {
        let marks = ["VBoxManage: error: ", "Error: "]
        let lines = result.errors.split(whereSeparator: \.isNewline).compactMap { line in
            marks.first(where: line.hasPrefix).map { line.dropFirst($0.count) }
        }
        let told = lines.prefix { !$0.hasPrefix("Details: ") && !$0.hasPrefix("Context: ") }
        return told.isEmpty
            ? "VBoxManage ended with status \(result.status)" : told.joined(separator: ": ")
    }

    private func failure(of words: [String], _ result: ToolResult, machine: String) -> MachineError {
        let refusal = VBoxRefusal(errors: result.errors)
        let isUnknown = Self.isUnknown(result.errors)
        return .provider(
            driver: driver,
            machine: machine,
            problem: Self.problem(result),
            kind: isUnknown ? .notFound : refusal?.kind ?? .failed,
            isTransient: refusal?.isTransient ?? false,
            advice: isUnknown ? nil : refusal?.advice ?? Self.advice(words)
        )
    }

    /// For calls that fail for a reason of which the tool gives no code.
    private static func advice(_ words: [String]) -> String? {
        switch words.first {
        case "startvm":
            "load VirtualBox's kernel module, as with `sudo /sbin/vboxconfig`; `VBoxManage showvminfo` names the folder "
                + "of the machine's log"
        case "hostonlyif":
            "load VirtualBox's kernel modules, as with `sudo /sbin/vboxconfig`, or do without --virtualbox-hostonly-cidr"
        default: nil
        }
    }

    /// Waits for the calls before it.
    private func run(_ words: [String], machine: String, limit: Duration) async throws -> ToolResult {
        let before = last
        let tool = tool
        let call = Task { () async throws -> ToolResult in
            await before?.value
            try Task.checkCancellation()
            return try await tool.run(words, deadline: .after(limit))
        }
        // Ends with the call.
        last = Task { _ = try? await call.value }
        do {
            return try await withTaskCancellationHandler {
                try await call.value
            } onCancel: {
                call.cancel()
            }
        } catch let error as DeadlineExceeded {
            throw MachineError.provider(
                driver: driver,
                machine: machine,
                problem: error.message,
                kind: .unreachable,
                isTransient: true
            )
        }
    }
}
