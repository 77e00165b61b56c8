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
    ///   - deadline: when it is ended.
    /// - Returns: what it wrote to its standard output.
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``, ``ToolError``.
    @discardableResult
    func callAsFunction(
        _ words: [String],
        machine: String,
        deadline: Deadline = .after(.seconds(120))
    ) async throws -> String {
        let result = try await run(words, machine: machine, deadline: deadline)
        guard result.status == 0 else {
            throw failure(result, machine: machine)
        }
        return result.output
    }

    /// What VirtualBox knows of a machine; `nil` when there is none.
    func info(_ id: String, machine: String) async throws -> Info? {
        let result = try await run(
            ["showvminfo", id, "--machinereadable"],
            machine: machine,
            deadline: .after(.seconds(60))
        )
        guard result.status == 0 else {
            if Self.isUnknown(result.errors) {
                return nil
            }
            throw failure(result, machine: machine)
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

    private func failure(_ result: ToolResult, machine: String) -> MachineError {
        let lines = result.errors.split(whereSeparator: \.isNewline).filter { $0.contains("error:") }
        let text = lines.first.map { String($0) } ?? "VBoxManage ended with status \(result.status)"
        let problem = text.replacing("VBoxManage: error: ", with: "")
        let kind: ErrorKind =
            Self.isUnknown(result.errors)
            ? .notFound
            : ["VERR_DISK_FULL", "VERR_NO_MEMORY"].contains(where: result.errors.contains)
                ? .noCapacity
                : ["VBOX_E_OBJECT_IN_USE", "VERR_ALREADY_EXISTS"].contains(where: result.errors.contains)
                    ? .conflict : .failed
        // A machine whose session is ending is not ready for a moment.
        let isTransient = result.errors.contains("VBOX_E_INVALID_OBJECT_STATE")
        return .provider(driver: driver, machine: machine, problem: problem, kind: kind, isTransient: isTransient)
    }

    /// Waits for the calls before it.
    private func run(_ words: [String], machine: String, deadline: Deadline) async throws -> ToolResult {
        let before = last
        let tool = tool
        let call = Task { () async throws -> ToolResult in
            await before?.value
            try Task.checkCancellation()
            return try await tool.run(words, deadline: deadline)
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
