// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A shell, as far as setting variables goes.
package enum ShellDialect: String, CaseIterable, Sendable {
    case bash, fish, powershell, cmd, tcsh, emacs

    /// Finds the dialect by the name of a shell; `nil` for a shell that is not known.
    ///
    /// - Parameter name: as in `--shell`, or the path in `SHELL`.
    package init?(named name: String) {
        let base = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map { $0.lowercased() } ?? ""
        switch base.hasSuffix(".exe") ? String(base.dropLast(4)) : base {
        case "bash", "zsh", "sh", "dash", "ksh", "ash", "mksh": self = .bash
        case "fish": self = .fish
        case "powershell", "pwsh": self = .powershell
        case "cmd": self = .cmd
        case "tcsh", "csh": self = .tcsh
        case "emacs": self = .emacs
        default: return nil
        }
    }

    /// The line that sets `name` to exactly `value`, whatever characters it has.
    package func set(_ name: String, to value: String) -> String {
        switch self {
        case .bash: "export \(name)=\"\(escape(value, "\\\"$`", with: "\\"))\""
        case .fish: "set -gx \(name) \"\(escape(value, "\\\"$", with: "\\"))\";"
        case .powershell: "$Env:\(name) = \"\(escape(value, "`\"$", with: "`"))\""
        case .cmd: "SET \(name)=\(value)"
        case .tcsh: "setenv \(name) \"\(tcshQuoted(value))\";"
        case .emacs: "(setenv \"\(name)\" \"\(escape(value, "\\\"", with: "\\"))\")"
        }
    }

    /// The line that removes `name`.
    package func unset(_ name: String) -> String {
        switch self {
        case .bash: "unset \(name)"
        case .fish: "set -e \(name);"
        case .powershell: "Remove-Item Env:\\\(name)"
        case .cmd: "SET \(name)="
        case .tcsh: "unsetenv \(name);"
        case .emacs: "(setenv \"\(name)\" nil)"
        }
    }

    /// Comment lines that say how the shell takes the lines of `command` over.
    package func advice(_ command: String) -> [String] {
        switch self {
        case .bash: ["# Run this command to configure your shell:", "# eval $(\(command))"]
        case .fish: ["# Run this command to configure your shell:", "# eval (\(command))"]
        case .powershell: ["# Run this command to configure your shell:", "# & \(command) | Invoke-Expression"]
        case .cmd:
            [
                "REM Run this command to configure your shell:",
                "REM \t@FOR /f \"tokens=*\" %i IN ('\(command)') DO @%i",
            ]
        case .tcsh: [": Run this command to configure your shell:", ": eval `\(command)`"]
        case .emacs:
            [
                ";; Run this command to configure your shell:",
                ";; (with-temp-buffer (shell-command \"\(command)\" (current-buffer)) (eval-buffer))",
            ]
        }
    }

    private func escape(_ text: String, _ special: String, with mark: Character) -> String {
        var result = ""
        for character in text {
            if special.contains(character) {
                result.append(mark)
            }
            result.append(character)
        }
        return result
    }

    /// Within double quotes tcsh has no escape for `"`, `$` and a backquote: each goes into single quotes of its own.
    private func tcshQuoted(_ text: String) -> String {
        text.map { character in
            switch character {
            case "\"", "$", "`": "\"'\(character)'\""
            case "!": "\\!"
            default: String(character)
            }
        }.joined()
    }
}
