// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import DockerAPI

/// Files for TLS, for the manager's own listeners and for the engines it talks to.
struct TLSArguments: ParsableArguments {
    @Flag(help: "Use TLS; clients and engines are not verified.")
    var tls = false

    @Flag(help: "Use TLS and verify clients and engines.")
    var tlsverify = false

    @Option(help: ArgumentHelp("Trust only certificates signed by this authority.", valueName: "file"))
    var tlscacert: String?

    @Option(help: ArgumentHelp("The manager's certificate.", valueName: "file"))
    var tlscert: String?

    @Option(help: ArgumentHelp("The manager's key.", valueName: "file"))
    var tlskey: String?

    init() {}

    /// Checks the flags as classic swarm does.
    ///
    /// - Returns: the files; `nil` without TLS.
    /// - Throws: ``DaemonError/usage(_:)``.
    func files() throws(DaemonError) -> TLSFiles? {
        guard tls || tlsverify else {
            guard tlscacert == nil, tlscert == nil, tlskey == nil else {
                throw .usage("--tlscert, --tlskey and --tlscacert require the use of either --tls or --tlsverify")
            }
            return nil
        }
        guard tlscert != nil, tlskey != nil else {
            throw .usage("--tlscert and --tlskey are required when using --tls")
        }
        guard !tlsverify || tlscacert != nil else {
            throw .usage("--tlscacert is required when using --tlsverify")
        }
        return TLSFiles(authority: tlscacert, certificate: tlscert, key: tlskey, verifiesPeer: tlsverify)
    }
}
