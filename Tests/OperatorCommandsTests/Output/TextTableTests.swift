// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import OperatorCommands
import Testing

@Suite("TextTable")
struct TextTableTests {
    @Test("columns are as wide as their widest cell, and empty cells are a dash")
    func widths() {
        var table = TextTable("NAME", "STATE")
        table.append(["lab", "Running"])
        table.append(["long-name", ""])

        #expect(table.lines(width: nil) == ["NAME        STATE", "lab         Running", "long-name   -"])
    }

    @Test("only the last column is cut to the terminal's width")
    func cut() {
        var table = TextTable("NAME", "NOTE")
        table.append(["lab", "a note that is longer than the terminal is wide"])

        #expect(table.lines(width: 22)[1] == "lab    a note that is…")
        #expect(table.lines(width: 22).allSatisfy { DisplayWidth.of($0) <= 22 })
    }

    @Test(
        "characters count as the columns they take",
        arguments: [("abc", 3), ("漢字", 4), ("é", 1), ("e\u{301}", 1), ("👍", 2), ("\u{1B}[31mred\u{1B}[0m", 3), ("", 0)]
    )
    func characterWidths(text: String, columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }

    @Test("a cell never breaks its line")
    func lineBreaks() {
        var table = TextTable("NOTE")
        table.append(["two\nlines"])

        #expect(table.lines(width: nil) == ["NOTE", "two lines"])
    }
}
