// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import SwarmCore

/// The root of swarmd's commands.
package struct SwarmDaemon: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "swarmd",
        abstract: "A Docker-native clustering system.",
        discussion: """
            Global options may stand before the command, and long options may have one dash, as classic \
            swarm takes them.
            """,
        version: "swarmd version \(swarmVersion)",
        subcommands: [
            ManageCommand.self, JoinCommand.self, MemberListCommand.self, TokenCreateCommand.self, HealthCommand.self,
            RolesCommand.self, FrontCommand.self,
        ]
    )

    package init() {}

    /// Parses and runs a command line, and prints the error if there is one.
    ///
    /// - Parameter words: what follows the program's name.
    /// - Returns: the exit status.
    package static func execute(_ words: [String]) async -> Int32 {
        do {
            var command = try parseAsRoot(DaemonArguments.normalized(words))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch let error as any UserFacingError {
            let report = ErrorReport(error)
            StandardError.write(report.text)
            return report.kind.rawValue
        } catch {
            return parserStatus(of: error)
        }
    }

    private static func parserStatus(of error: any Error) -> Int32 {
        let code = exitCode(for: error)
        guard code.isSuccess || code == .validationFailure else {
            let report = ErrorReport(error)
            StandardError.write(report.text)
            return report.kind.rawValue
        }
        let text = fullMessage(for: error)
        code.isSuccess ? StandardOutput.write(text) : StandardError.write(text)
        return code.rawValue
    }
}
