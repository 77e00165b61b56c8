// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A place that a person types: a local path, or `[USER@]MACHINE:PATH`.
package struct MachineLocation: Sendable, Equatable {
    /// `nil` for a local path.
    package var machine: String?
    package var user: String?
    /// Relative remote paths are below the user's home; an empty one is the home.
    package var path: String

    package init(machine: String? = nil, user: String? = nil, path: String) {
        self.machine = machine
        self.user = user
        self.path = path
    }

    /// Reads `text` as scp does: it is remote when a colon comes before the first slash.
    package init(parsing text: String) {
        path = text
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
            !text[..<colon].contains("/"), !text.hasPrefix(".")
        else {
            return
        }
        path = String(text[text.index(after: colon)...])
        let (user, machine) = Self.split(String(text[..<colon]))
        self.user = user
        self.machine = machine
    }

    /// Cuts `[USER@]MACHINE`.
    package static func split(_ text: String) -> (user: String?, machine: String) {
        guard let at = text.lastIndex(of: "@") else {
            return (nil, text)
        }
        return (String(text[..<at]), String(text[text.index(after: at)...]))
    }
}
