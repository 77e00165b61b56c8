// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import ArgumentParser
package import Machines

/// What is asked of engines and certificates, for clusters and for machines.
package struct EngineFlags: ParsableArguments {
    @Option(help: ArgumentHelp("package, none, or script=URL,sha256=HEX.", valueName: "source"))
    package var engineInstall: String?

    @Option(help: ArgumentHelp("Label of the engine; repeatable.", valueName: "key=value"))
    package var engineLabel: [String] = []

    @Option(help: ArgumentHelp("Mirror of Docker Hub; repeatable.", valueName: "url"))
    package var engineRegistryMirror: [String] = []

    @Option(help: ArgumentHelp("Registry without TLS; repeatable.", valueName: "registry"))
    package var engineInsecureRegistry: [String] = []

    @Option(help: ArgumentHelp("Storage driver; the engine's own choice unless given.", valueName: "driver"))
    package var engineStorageDriver: String?

    @Option(help: ArgumentHelp("Environment of the engine, such as a proxy; repeatable.", valueName: "key=value"))
    package var engineEnv: [String] = []

    @Option(help: ArgumentHelp("Any other key of daemon.json; repeatable.", valueName: "key=value"))
    package var engineOpt: [String] = []

    @Option(help: ArgumentHelp("Network that may reach the opened ports; repeatable.", valueName: "cidr"))
    package var allowFrom: [String] = []

    @Option(help: ArgumentHelp("One more name or address in node certificates; repeatable.", valueName: "name"))
    package var tlsSan: [String] = []

    @Option(help: ArgumentHelp("p256, p384, rsa2048 or rsa4096 (default: p256).", valueName: "type"))
    package var keyType: String?

    @Option(help: ArgumentHelp("Life of certificates in days, 1 to 3650 (default: 90).", valueName: "days"))
    package var days: Int?

    @Option(
        help: ArgumentHelp(
            "Encrypt the authority's key; this command prints the passphrase, now and whenever it is needed.",
            valueName: "command"
        )
    )
    package var caPassphraseCommand: String?

    package init() {}

    package func validate() throws {
        let pairs = [("--engine-label", engineLabel), ("--engine-env", engineEnv), ("--engine-opt", engineOpt)]
        for (flag, values) in pairs {
            for value in values where value.firstIndex(of: "=").map({ $0 != value.startIndex }) != true {
                throw ValidationError("\(flag) takes KEY=VALUE, not \"\(value)\"")
            }
        }
        if let keyType, !["p256", "p384", "rsa2048", "rsa4096"].contains(keyType) {
            throw ValidationError("--key-type takes p256, p384, rsa2048 or rsa4096, not \"\(keyType)\"")
        }
    }

    /// Puts what was given into `spec`; what was not stays as it is.
    package func apply(to spec: inout ClusterSpec) {
        spec.engine.install = engineInstall ?? spec.engine.install
        spec.engine.storageDriver = engineStorageDriver ?? spec.engine.storageDriver
        spec.keyType = keyType ?? spec.keyType
        spec.certificateDays = days ?? spec.certificateDays
        spec.authorityPassphrase = caPassphraseCommand.map { "cmd:\($0)" } ?? spec.authorityPassphrase
        replace(&spec.engine.labels, by: engineLabel)
        replace(&spec.engine.registryMirrors, by: engineRegistryMirror)
        replace(&spec.engine.insecureRegistries, by: engineInsecureRegistry)
        replace(&spec.engine.environment, by: engineEnv)
        replace(&spec.engine.options, by: engineOpt)
        replace(&spec.allowFrom, by: allowFrom)
        replace(&spec.tlsNames, by: tlsSan)
    }

    private func replace(_ list: inout [String], by given: [String]) {
        if !given.isEmpty {
            list = given
        }
    }
}
