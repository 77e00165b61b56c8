// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import OperatorCommands
import Testing

@Suite("ShellDialect")
struct ShellDialectTests {
    @Test(
        "each shell sets and removes a variable in its own way",
        arguments: [
            (shell: "bash", set: #"export K="V""#, unset: "unset K"),
            (shell: "zsh", set: #"export K="V""#, unset: "unset K"),
            (shell: "fish", set: #"set -gx K "V";"#, unset: "set -e K;"),
            (shell: "powershell", set: #"$Env:K = "V""#, unset: #"Remove-Item Env:\K"#),
            (shell: "cmd", set: "SET K=V", unset: "SET K="),
            (shell: "tcsh", set: #"setenv K "V";"#, unset: "unsetenv K;"),
            (shell: "emacs", set: #"(setenv "K" "V")"#, unset: #"(setenv "K" nil)"#),
        ]
    )
    func lines(shell: String, set: String, unset: String) throws {
        let dialect = try #require(ShellDialect(named: shell))

        #expect(dialect.set("K", to: "V") == set)
        #expect(dialect.unset("K") == unset)
    }

    @Test(
        "a shell is known by its path, in any case, with or without .exe",
        arguments: [
            (path: "/usr/bin/fish", dialect: ShellDialect.fish),
            (path: #"C:\Windows\System32\cmd.exe"#, dialect: .cmd),
            (path: "/opt/pwsh", dialect: .powershell),
            (path: "/bin/sh", dialect: .bash),
            (path: "/bin/CSH", dialect: .tcsh),
        ]
    )
    func names(path: String, dialect: ShellDialect) {
        #expect(ShellDialect(named: path) == dialect)
    }

    @Test("a shell that nobody knows is not guessed")
    func unknown() {
        #expect(ShellDialect(named: "warp") == nil)
        #expect(ShellDialect(named: "") == nil)
    }

    @Test(
        "real shells read back any value",
        arguments: [("/bin/sh", "-c"), ("/bin/bash", "-c")],
        ["plain", "two words", "a\"b", "$HOME", "`id`", "back\\slash", "it's", "ü!"]
    )
    func roundTrip(shell: (String, String), value: String) async throws {
        let dialect = try #require(ShellDialect(named: shell.0))
        let script = dialect.set("K", to: value) + "\nprintf %s \"$K\""

        let result = try await runProgram(shell.0, [shell.1, script])

        #expect(result.output == value)
    }
}
