// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
package import SwarmCore

/// How commands that work on hosts do it.
package struct WorkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many hosts are worked on at the same time, 1 to 256.", valueName: "number"))
    package var parallel = 16

    @Option(help: ArgumentHelp("Folder of templates that replace ours.", valueName: "folder"))
    package var templates: String?

    package init() {}

    package func validate() throws {
        guard (1...256).contains(parallel) else {
            throw ValidationError("--parallel takes 1 to 256, not \(parallel)")
        }
        if let templates, !AtomicFile.isFolder(templates) {
            throw ValidationError("--templates: \"\(templates)\" is no folder")
        }
    }
}

/// Whether a person is asked.
package struct ConfirmOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    package var yes = false

    package init() {}

    /// Asks `question` when a person is there to answer.
    ///
    /// - Throws: `CancellationError` for a no.
    package func confirm(_ question: String, on terminal: any Terminal) throws {
        if !yes, terminal.isInteractive, !terminal.confirm(question) {
            throw CancellationError()
        }
    }
}
