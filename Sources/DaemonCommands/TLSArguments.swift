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

    @Option(
        help: ArgumentHelp(
            "Refuse clients whose certificate is in this list; read again when it changes (default: crl.pem beside "
                + "--tlscacert, once it is there).",
            valueName: "file"
        )
    )
    var tlscrl: String?

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
        guard tlscrl == nil || tlsverify else {
            throw .usage("--tlscrl requires the use of --tlsverify")
        }
        return TLSFiles(
            authority: tlscacert,
            certificate: tlscert,
            key: tlskey,
            revocations: tlscrl ?? tlscacert.map(Self.usualList),
            verifiesPeer: tlsverify
        )
    }

    private static func usualList(beside authority: String) -> String {
        let folder = authority.lastIndex(of: "/").map { authority[...$0] } ?? ""
        return "\(folder)crl.pem"
    }
}
