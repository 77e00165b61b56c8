// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The engine's unit as systemd reads it: the file and its drop-ins, without the drop-in that this tool wrote.
struct DockerUnit: Equatable {
    /// Where our drop-in is; its name sorts after others, so that it counts.
    static let dropInPath = "/etc/systemd/system/docker.service.d/zz-swarmctl.conf"

    /// The command that starts the engine; `nil` without a unit.
    private(set) var command: [String]?

    /// Reads what `systemctl cat docker.service` prints.
    init(parsing text: String) {
        var isOurs = false
        var section = ""
        for line in Self.joinedLines(text) {
            if line.hasPrefix("# /") {
                isOurs = line == "# \(Self.dropInPath)"
                section = ""
            } else if line.hasPrefix("[") {
                section = line
            } else if !isOurs, section == "[Service]", let value = Self.value(of: "ExecStart", in: line) {
                // An empty assignment clears what came before; of several commands the engine's unit may have one.
                command = value.isEmpty ? nil : Self.words(value)
            }
        }
    }

    /// The sockets named by `-H` in the command, in order.
    var hosts: [String] {
        Self.split(command ?? []).hosts.map(Self.unquoted)
    }

    /// The command without `-H`; `nil` when there is none to free.
    var freedCommand: String? {
        guard let command else {
            return nil
        }
        let (hosts, rest) = Self.split(command)
        return hosts.isEmpty ? nil : rest.joined(separator: " ")
    }

    /// The flags of the freed command that hold no variable, for a check of the configuration.
    var plainFlags: [String] {
        let words = Self.split(command ?? []).rest.map(Self.unquoted)
        let daemon = words.firstIndex { $0.hasSuffix("dockerd") }
        return daemon.map { words[($0 + 1)...].filter { !$0.contains("$") } } ?? []
    }

    private static func split(_ command: [String]) -> (hosts: [String], rest: [String]) {
        var hosts: [String] = []
        var rest: [String] = []
        var words = command[...]
        while let word = words.popFirst() {
            if word == "-H" || word == "--host" {
                words.popFirst().map { hosts.append($0) }
            } else if word.hasPrefix("--host=") {
                hosts.append(String(word.dropFirst("--host=".count)))
            } else if word.hasPrefix("-H") {
                hosts.append(String(word.dropFirst(word.hasPrefix("-H=") ? 3 : 2)))
            } else {
                rest.append(word)
            }
        }
        return (hosts, rest)
    }

    private static func joinedLines(_ text: String) -> [String] {
        var lines: [String] = []
        var open: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            // A comment between continued lines belongs to none of them; systemd skips it.
            if open != nil, line.hasPrefix("#") || line.hasPrefix(";") {
                continue
            }
            let isContinued = line.hasSuffix("\\")
            let joined = (open ?? "") + (isContinued ? line.dropLast() + " " : line)
            open = isContinued ? joined : nil
            if !isContinued {
                lines.append(joined)
            }
        }
        return lines + (open.map { [$0] } ?? [])
    }

    private static func value(of key: String, in line: String) -> String? {
        guard let equals = line.firstIndex(of: "="), trimmed(line[..<equals]) == key else {
            return nil
        }
        return trimmed(line[line.index(after: equals)...])
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(
            start[..<(start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex)]
        )
    }

    /// The words of a command line with their quotes, so that they can be written back unchanged.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "\\" {
                word.append(character)
                rest.popFirst().map { word.append($0) }
            } else if quote == nil, character.isWhitespace {
                if !word.isEmpty {
                    words.append(word)
                }
                word = ""
            } else {
                if character == quote {
                    quote = nil
                } else if quote == nil, character == "\"" || character == "'" {
                    quote = character
                }
                word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    private static func unquoted(_ word: String) -> String {
        word.filter { $0 != "\"" && $0 != "'" }
    }
}
