// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The table of the docker CLI's commands, and one run through it.
struct CommandTable: Sendable {
    /// Who runs the commands, against whom.
    struct Side: Sendable {
        let name: String
        let program: String
        let host: String
        /// Free on this machine, and not used by another side.
        let port: Int
        /// Three numbers of an address, not used by another side.
        let subnet: String
    }

    private static let folder = Testbed.checkout + "/Tests/IntegrationTests/Fixtures"
    private static let differences = Testbed.checkout + "/docs/differences.md"
    private static var patterns: [(Regex<Substring>, String)] {
        [
            (#/(?m)^time="[^"]*" level=error .*\n/#, ""),
            (#/\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b/#, "ID"),
            (#/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?/#, "TIME"),
            (#/(?:Less than a|About an?|\d+) (?:seconds?|minutes?|hours?)(?: ago)?/#, "AGO"),
            (#/\d+(?:\.\d+)?(?:[kMG]i?)?B/#, "SIZE"),
            (#/lookup [^ ]*.*/#, "LOOKUP"),
            (#/gateway-[0-9]\//#, "NODE/"),
            (#/[ \t]+/#, " "),
        ]
    }

    let commands: [String]
    /// The commands of docs/differences.md.
    let listed: Set<String>

    init() throws {
        let text = try String(contentsOfFile: Self.folder + "/docker-commands.txt", encoding: .utf8)
        commands = text.split(separator: "\n").map { String($0) }.filter { !$0.hasPrefix("#") }
        let lines = try String(contentsOfFile: Self.differences, encoding: .utf8).split(separator: "\n")
        listed = Set(lines.compactMap { $0.wholeMatch(of: #/\| `(.*?)` \|.*/#).map { String($0.1) } })
    }

    /// Runs all commands in order.
    ///
    /// - Returns: for each what it printed and its status, without what differs from run to run.
    func results(of side: Side) async throws -> [ProgramResult] {
        let work = NSTemporaryDirectory() + "swarmctl-commands-\(side.name)-\(UUID().uuidString.prefix(8))"
        try Self.prepare(work, program: side.program)
        defer { try? FileManager.default.removeItem(atPath: work) }
        let environment = [
            "PATH": "\(work)/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": work + "/home", "DOCKER_HOST": side.host,
            "DOCKER_CONTEXT": "", "DOCKER_TLS_VERIFY": "", "WORK": work, "PORT": "\(side.port)",
            "SUBNET": side.subnet, "BUSYBOX": Testbed.busybox, "START": "\(Int(Date().timeIntervalSince1970))",
        ]
        var results: [ProgramResult] = []
        // What tests before this one built is on these engines still.
        _ = try await run(side.program, ["-H", side.host, "builder", "prune", "-a", "-f"], timeout: .seconds(120))
        for command in commands {
            var result = try await run("sh", ["-c", command], environment: environment, timeout: .seconds(120))
            let own = [(work, "WORK"), ("\(side.port)", "PORT"), (side.subnet, "SUBNET")]
            result.output = Self.plain(result.output, own: own)
            result.errors = Self.plain(result.errors, own: own)
            results.append(result)
        }
        return results
    }

    private static func prepare(_ work: String, program: String) throws {
        let files = FileManager.default
        for folder in ["bin", "home", "context"] {
            try files.createDirectory(atPath: "\(work)/\(folder)", withIntermediateDirectories: true)
        }
        try files.createSymbolicLink(atPath: work + "/bin/docker", withDestinationPath: program)
        let texts = [
            "data": "data\n", "context/Broken": "FROM busybox\nRUN exit 4\n",
            "context/Dockerfile": "FROM busybox AS last\nARG A\nRUN echo built > /b\nCMD [\"cat\", \"/b\"]\n",
        ]
        for (name, text) in texts {
            try text.write(toFile: "\(work)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    private static func plain(_ text: String, own: [(String, String)]) -> String {
        let text = own.reduce(text) { $0.replacing($1.0, with: $1.1) }
        return patterns.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
}

extension ProgramResult: Equatable {
    static func == (left: ProgramResult, right: ProgramResult) -> Bool {
        left.status == right.status && left.output == right.output && left.errors == right.errors
    }
}
