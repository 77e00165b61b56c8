// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
internal import DockerAPI
internal import Gateway
internal import SwarmCore

/// `front`: takes TLS off the connections to this host's engine.
package struct FrontCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "front",
        abstract: "Take TLS off the connections to this host's engine.",
        discussion: """
            Lets nodes of the cluster and admins through, until SIGTERM or SIGINT. Certificates and the list of \
            revoked ones are read again when they change; no connection is dropped for that.

            EXAMPLES:
              swarmd front --tlsverify --tlscacert=ca.pem --tlscert=server.pem --tlskey=server-key.pem \
            -H tcp://0.0.0.0:2376 unix:///run/swarmctl-engine.sock
              swarmd front --tlsverify --tlscacert=ca.pem --tlscert=server.pem --tlskey=server-key.pem \
            unix:///var/run/docker.sock

            EXIT STATUS: 0 stopped; 1 cannot listen; 64 usage.
            """
    )

    @OptionGroup var global: DaemonGlobalOptions
    @OptionGroup var tls: TLSArguments

    @Option(
        name: [.customShort("H"), .customLong("host")],
        help: ArgumentHelp("Where to listen: tcp://ADDRESS:PORT.", valueName: "address")
    )
    var host = "tcp://0.0.0.0:2376"

    @Argument(help: ArgumentHelp("The engine's own socket: unix:///PATH.", valueName: "engine"))
    var engine = "unix:///run/swarmctl-engine.sock"

    package init() {}

    package func run() async throws {
        guard let files = try tls.files(), files.verifiesPeer else {
            throw DaemonError.usage("front requires the use of --tlsverify")
        }
        let front = EngineFront(
            address: try EngineAddress(parsing: host),
            engine: try EngineAddress(parsing: engine),
            tls: try TLSContexts(files: files),
            logger: global.logger
        )
        try await runUntilSignal {
            do {
                try await front.run()
            } catch DockerAPIError.cannotConnect(let address, let reason) {
                throw DaemonError.cannotListen(address: address, reason: reason)
            }
        }
    }
}
