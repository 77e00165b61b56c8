// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import Discovery
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The discovery URL and its options.
struct DiscoveryArguments: ParsableArguments {
    @Option(
        name: .customLong("discovery-opt"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Discovery option, such as kv.cacertfile=FILE, kv.certfile=FILE, kv.keyfile=FILE; repeatable.",
            valueName: "name=value"
        )
    )
    var options: [String] = []

    @Argument(
        help: ArgumentHelp(
            "swarm://MANAGER:PORT/CLUSTER, nodes://HOST:PORT,…, file:///PATH (default: $SWARM_DISCOVERY).",
            valueName: "discovery"
        )
    )
    var url: String?

    init() {}

    /// Reads the URL, from the environment when none is given.
    ///
    /// - Parameter purpose: as in `discovery required to manage a cluster`.
    /// - Returns: the URL and the options.
    /// - Throws: ``DaemonError/usage(_:)`` without a URL, or ``DiscoveryError``.
    func parsed(for purpose: String) throws -> (url: DiscoveryURL, options: DiscoveryOptions) {
        let text = url ?? Environment.value("SWARM_DISCOVERY")
        guard let text, !text.isEmpty else {
            throw DaemonError.usage("discovery required to \(purpose); see --help")
        }
        return (try DiscoveryURL(parsing: text), try DiscoveryOptions(options))
    }
}

/// The environment of the process.
enum Environment {
    /// The value of a variable; `nil` when it is not set.
    static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
