// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore

/// Where a credential comes from, so that the store never holds it.
package enum SecretSource {
    /// Reads the secret that `source` names.
    ///
    /// - Parameters:
    ///   - source: `env:NAME`, `file:PATH`, `cmd:COMMAND`, or the secret itself, straight from a flag.
    ///   - option: the driver's option, for messages.
    ///   - environment: where `env:` looks.
    /// - Returns: the secret, without a newline at its end.
    /// - Throws: ``LifecycleError/badSecret(option:problem:)``.
    static func resolve(_ source: String, for option: String, in environment: [String: String]) throws -> String {
        if source.hasPrefix("env:") {
            let name = String(source.dropFirst(4))
            guard let value = environment[name], !value.isEmpty else {
                throw LifecycleError.badSecret(option: option, problem: "the environment variable \(name) is not set")
            }
            return value
        }
        if source.hasPrefix("file:") {
            return try AtomicFile.readText(String(source.dropFirst(5)), limit: 64 << 10)
                .trimmingCharacters(in: .newlines)
        }
        if source.hasPrefix("cmd:") {
            return try output(of: String(source.dropFirst(4)), option: option)
        }
        return source
    }

    /// How a secret given on the command line or in the environment is kept: never the secret itself.
    ///
    /// - Throws: ``LifecycleError/badSecret(option:problem:)`` for a secret that came by value.
    package static func reference(
        _ value: String?,
        environmentName: String?,
        option: String
    ) throws -> String? {
        guard let value else {
            return environmentName.map { "env:\($0)" }
        }
        guard ["env:", "file:", "cmd:"].contains(where: value.hasPrefix) else {
            throw LifecycleError.badSecret(
                option: option,
                problem: "give it as env:NAME, file:PATH or cmd:COMMAND, so that it is not stored"
            )
        }
        return value
    }

    private static func output(of command: String, option: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardOutput = pipe
        do {
            try process.run()
        } catch {
            throw LifecycleError.badSecret(option: option, problem: "the command could not be started: \(error)")
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw LifecycleError.badSecret(
                option: option,
                problem: "the command ended with status \(process.terminationStatus)"
            )
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
