// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import Foundation

/// A leaf command of swarmctl.
///
/// `run()` only builds the live context; the work is in `execute(in:)`, which tests call with fakes.
package protocol SwarmCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }

    /// Does the work.
    func execute(in context: CommandContext) async throws
}

extension SwarmCommand {
    package func run() async throws {
        try await execute(in: .live(global, environment: ProcessInfo.processInfo.environment))
    }
}

/// What every command takes.
package struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of clusters, machines and keys (default: $SWARMCTL_STORE, then ~/.swarmctl).",
            valueName: "folder"
        )
    )
    package var store: String?

    @Flag(help: "Say on standard error what is done, and which error was met, in detail.")
    package var debug = false

    package init() {}
}

extension CommandConfiguration {
    /// A command whose help ends with examples and exit statuses.
    ///
    /// - Parameters:
    ///   - name: the word typed.
    ///   - abstract: one line, in the imperative.
    ///   - discussion: what it does beyond the abstract.
    ///   - usage: replaces the generated usage line.
    ///   - examples: whole command lines; two or more.
    ///   - exitStatus: each status and its meaning, without 0, 64, 70 and 130, which all commands share.
    ///   - aliases: other words for it.
    package init(
        _ name: String,
        abstract: String,
        discussion: String = "",
        usage: String? = nil,
        examples: [String],
        exitStatus: String,
        aliases: [String] = []
    ) {
        let parts = [
            discussion,
            "EXAMPLES:\n" + examples.map { "  \($0)" }.joined(separator: "\n"),
            "EXIT STATUS: 0 done; \(exitStatus.isEmpty ? "" : exitStatus + "; ")64 usage; 70 a bug; 130 cancelled.",
        ]
        self.init(
            commandName: name,
            abstract: abstract,
            usage: usage,
            discussion: parts.filter { !$0.isEmpty }.joined(separator: "\n\n"),
            aliases: aliases
        )
    }
}
