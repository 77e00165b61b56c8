// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import SwarmCore

/// The image that hosts run: looked for, and made by the project's script where that can be done.
struct NodeImage: Sendable {
    /// The repository whose images the script makes; the tag is the script's variant.
    private static let repository = "swarmctl/node:"

    let engine: LocalEngine
    let name: String
    /// The script `node-image.sh`, or `nil` when it is not installed with this program.
    let script: String?

    /// Makes sure that the engine has the image.
    ///
    /// - Throws: ``MachineError/preCreate(machine:problem:advice:)``.
    func ensure() async throws {
        guard try await !isThere() else {
            return
        }
        let isOurs = name.hasPrefix(Self.repository)
        guard isOurs, let script, geteuid() == 0 else {
            throw missing(
                isOurs
                    ? "make it with `sudo \(script ?? "Scripts/testbed/node-image.sh") \(arguments.joined(separator: " "))`"
                    : "get it with `docker -H \(engine.endpoint) pull \(name)`"
            )
        }
        let (status, output) = try await Self.run(script, arguments)
        guard status == 0, try await isThere() else {
            throw MachineError.preCreate(
                machine: engine.machine,
                problem: "making the image \"\(name)\" failed: \(output)",
                advice: "run `\(script) \(arguments.joined(separator: " "))` to see all that it says"
            )
        }
    }

    private var arguments: [String] {
        ["--variant", String(name.dropFirst(Self.repository.count)), "--docker-host", "\(engine.endpoint)"]
    }

    private func isThere() async throws -> Bool {
        let image: ImageInfo? = try await engine.find("/images/\(name)/json")
        return image != nil
    }

    private func missing(_ advice: String) -> MachineError {
        .preCreate(
            machine: engine.machine,
            problem: "the engine at \(engine.endpoint) has no image \"\(name)\"",
            advice: advice
        )
    }

    /// Runs a program to its end and returns its status and the last line it wrote.
    ///
    /// Cancellation ends the program.
    private static func run(_ program: String, _ arguments: [String]) async throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        let running = RunningProgram(process)
        return try await withTaskCancellationHandler {
            let result = try await runBlocking {
                try running.process.run()
                // A reader until the end, so that the program never waits for room in the pipe.
                let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
                running.process.waitUntilExit()
                let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
                return (running.process.terminationStatus, lines.last.map(String.init) ?? "it said nothing")
            }
            try Task.checkCancellation()
            return result
        } onCancel: {
            running.end()
        }
    }
}

/// A program that is started on one thread and may be ended from another.
///
/// SAFETY: `Process` locks its own state; it is configured before it is shared.
private final class RunningProgram: @unchecked Sendable {
    let process: Process

    init(_ process: Process) {
        self.process = process
    }

    func end() {
        if process.isRunning {
            process.terminate()
        }
    }
}

extension NodeImage {
    /// Where the testbed's script is: in `SWARMCTL_TESTBED_SCRIPTS`, else in the source tree or the prefix
    /// that holds this program.
    static func script(environment: [String: String], program: String?) -> String? {
        var folders = [environment["SWARMCTL_TESTBED_SCRIPTS"]].compactMap { $0 }
        var folder = program.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().deletingLastPathComponent() }
        while let current = folder, current.path != "/" {
            folders += ["\(current.path)/Scripts/testbed", "\(current.path)/share/swarmctl/testbed"]
            folder = current.deletingLastPathComponent()
        }
        return folders.map { "\($0)/node-image.sh" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
