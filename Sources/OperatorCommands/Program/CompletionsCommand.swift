// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import SwarmCore

/// `swarmctl completions`: what makes a shell complete our words.
package struct CompletionsCommand: SwarmCommand {
    /// A shell that completions are written for.
    package enum Shell: String, ExpressibleByArgument, CaseIterable, Sendable {
        case bash, zsh, fish
    }

    package static let configuration = CommandConfiguration(
        "completions",
        abstract: "Print the script that completes swarmctl's words in a shell",
        examples: [
            "swarmctl completions bash > /etc/bash_completion.d/swarmctl",
            "swarmctl completions fish > ~/.config/fish/completions/swarmctl.fish",
        ],
        exitStatus: ""
    )

    @Argument(help: "bash, zsh or fish.")
    package var shell: Shell

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func execute(in context: CommandContext) async throws {
        let script =
            switch shell {
            case .bash: SwarmCtl.completionScript(for: .bash)
            case .zsh: SwarmCtl.completionScript(for: .zsh)
            case .fish: SwarmCtl.completionScript(for: .fish)
            }
        context.terminal.output(script)
    }
}
