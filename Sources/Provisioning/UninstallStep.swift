// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// Gives a host back from the record on it.
///
/// Interrupted at any point, it goes on from there when it is run again.
struct UninstallStep {
    let request: ProvisionRequest
    let shell: HostShell
    /// Whether an engine that we installed goes too.
    let purges: Bool

    /// Undoes everything.
    ///
    /// - Returns: what was undone, a line each.
    func apply(_ facts: HostFacts) async throws -> [String] {
        guard !facts.files.undo.isEmpty else {
            return []
        }
        let removesEngine = purges && facts.engine.isOurs
        shell.progress(.agent, .started)
        var undone = try await shell.run("uninstall/containers.sh", [:], step: .agent).all("undone")
        shell.progress(.agent, undone.isEmpty ? .unchanged : .changed(undone))
        if facts.hasFront {
            // The engine's own configuration may have the port.
            _ = try await shell.run("front/remove.sh", [:], step: .configure)
            undone.append("removed the front of the engine")
        }
        if !removesEngine, facts.engine.installedVersion != nil, facts.files.undo.contains("configured") {
            undone += try await giveConfigurationBack(facts)
        }
        shell.progress(.openPort, .started)
        let rest = try await shell.run(
            "uninstall/host.sh",
            ["purges": removesEngine, "dropInPath": DockerUnit.dropInPath],
            step: .openPort
        ).all("undone")
        shell.progress(.openPort, rest.isEmpty ? .unchanged : .changed(rest))
        return undone + rest
    }

    private func giveConfigurationBack(_ facts: HostFacts) async throws -> [String] {
        shell.progress(.configure, .started)
        let values = try values(facts)
        _ = try await shell.run("engine/configure.sh", values, step: .configure)
        let undone = ["gave the engine its own configuration back"]
        shell.progress(.configure, .changed(undone))
        return undone
    }

    /// The engine is started with live-restore, so that containers keep running, and left with what the host had.
    private func values(_ facts: HostFacts) throws(ProvisionError) -> [String: any Sendable] {
        let files = facts.files
        let current: JSONValue
        let final: JSONValue
        let original: JSONValue
        do {
            current = try DaemonConfiguration.document(files.daemonJSON)
            original = try DaemonConfiguration.document(files.originalDaemonJSON)
            let written = try DaemonConfiguration.document(files.writtenDaemonJSON)
            final =
                files.isRecorded
                ? DaemonConfiguration.unmerged(current: current, written: written, original: original) : current
        } catch {
            throw ProvisionError(
                host: request.nodeName,
                step: .configure,
                cause: .malformedConfiguration(path: DaemonConfiguration.path, reason: "\(error)")
            )
        }
        let keeps = facts.engine.runningContainers > 0 && !facts.engine.isInSwarmMode
        let text = final == original && files.isRecorded ? files.originalDaemonJSON : final.text()
        let isRemoved = files.isRecorded && files.originalDaemonJSON == nil && final == .object([])
        return [
            "dropInPath": DockerUnit.dropInPath,
            "oldDaemonJSON": LookStep.trimmed(files.daemonJSON ?? ""),
            "daemonJSON": keeps ? DaemonConfiguration.keepingContainers(final).text() : LookStep.trimmed(text ?? "{}"),
            "safeOldDaemonJSON": DaemonConfiguration.keepingContainers(current).text(),
            "dropIn": "",
            "writesDaemonJSON": files.isRecorded,
            "writesDropIn": false,
            "removesDropIn": files.dropIn != nil,
            "enables": false,
            "reloadsFirst": false,
            "keepsContainers": keeps,
            "wasRunning": facts.engine.isRunning,
            "validates": false,
            "flags": [String](),
            "settles": files.isRecorded,
            "removesDaemonJSON": isRemoved,
            "finalDaemonJSON": LookStep.trimmed(text ?? "{}"),
        ]
    }
}
