// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The words of a command line of classic swarm, in the form that the parser takes.
///
/// Go programs take long options with one dash (`-experimental`), and classic swarm takes its global
/// options before the subcommand.
package enum DaemonArguments {
    /// Names and short forms of the subcommands.
    static let subcommands: [String: String] = [
        "manage": "manage", "m": "manage", "join": "join", "j": "join", "list": "list", "l": "list",
        "create": "create", "c": "create", "health": "health",
    ]

    /// Long options of all the commands, without dashes, and whether a value follows.
    private static let options: [String: Bool] = [
        "debug": false, "log-level": true, "experimental": false, "version": false, "help": false,
        "host": true, "strategy": true, "filter": true, "replication": false, "replication-ttl": true,
        "advertise": true, "addr": true, "heartbeat": true, "ttl": true, "delay": true, "timeout": true,
        "engine-refresh-min-interval": true, "engine-refresh-max-interval": true, "engine-failure-retry": true,
        "engine-refresh-retry": true, "cluster-driver": true, "cluster-opt": true, "discovery-opt": true,
        "refresh-on-node-filter": false, "container-name-refresh-filter": true, "api-enable-cors": false,
        "cors": false, "tls": false, "tlsverify": false, "tlscacert": true, "tlscert": true, "tlskey": true,
        "container-names": true, "state-dir": true, "name": true, "health": true,
    ]
    private static let globalOptions: Set<String> = ["debug", "log-level", "experimental"]

    /// Gives long options two dashes, and puts global options behind the subcommand.
    package static func normalized(_ words: [String]) -> [String] {
        var globals: [String] = []
        var rest = words[...]
        while let word = rest.first {
            let long = doubleDashed(word)
            let name = String(long.drop { $0 == "-" }.prefix { $0 != "=" })
            let isLogLevel = word == "-l" || long == "--log-level"
            guard isLogLevel || (long.hasPrefix("--") && globalOptions.contains(name)) else {
                break
            }
            globals.append(isLogLevel ? "--log-level" : long)
            rest = rest.dropFirst()
            if isLogLevel, let value = rest.first {
                globals.append(value)
                rest = rest.dropFirst()
            }
        }
        guard let word = rest.first, let subcommand = subcommands[word] else {
            return rest.map { doubleDashed($0) } + globals
        }
        return [subcommand] + globals + normalizedOptions(rest.dropFirst())
    }

    /// Rewrites `-tlsverify` to `--tlsverify`, but not the values of other options.
    private static func normalizedOptions(_ words: ArraySlice<String>) -> [String] {
        var result: [String] = []
        var isValue = false
        for word in words {
            let long = isValue ? word : doubleDashed(word)
            result.append(long)
            isValue = !isValue && long.hasPrefix("--") && options[String(long.dropFirst(2))] == true
        }
        return result
    }

    private static func doubleDashed(_ word: String) -> String {
        guard word.hasPrefix("-"), !word.hasPrefix("--"), word.count > 2 else {
            return word
        }
        let parts = word.dropFirst().split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let hasValue = options[String(parts[0])] else {
            return word
        }
        // Go takes `-tlsverify=true` for a flag.
        if !hasValue, parts.count == 2 {
            return ["true", "1", "t"].contains(parts[1].lowercased()) ? "--\(parts[0])" : word
        }
        return "-" + word
    }
}
