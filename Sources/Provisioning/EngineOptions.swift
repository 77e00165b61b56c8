// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// How the Docker Engine of a host is installed and configured: the `--engine-*` flags.
package struct EngineOptions: Sendable, Equatable {
    package var install: EngineInstall = .package
    /// Each `key=value`, with `provider=DRIVER` among them.
    ///
    /// A label of the host's own with the same key is replaced.
    package var labels: [String] = []
    package var registryMirrors: [String] = []
    package var insecureRegistries: [String] = []
    /// The storage driver; `nil`, the default, leaves the choice to the engine.
    package var storageDriver: String?
    /// The engine's own environment as `NAME=value`, such as proxies.
    package var environment: [String] = []
    /// More keys of daemon.json, which win over what the host has.
    package var settings: [EngineSetting] = []

    package init() {}
}

/// One key of daemon.json.
package struct EngineSetting: Sendable, Equatable {
    package var key: String
    /// The value, as JSON text: `"json-file"`, `{"max-size":"10m"}`, `true`.
    package var json: String

    package init(key: String, json: String) {
        self.key = key
        self.json = json
    }
}

/// Where the Docker Engine comes from.
///
/// An engine that is there and new enough is kept, whichever this is.
package enum EngineInstall: Sendable, Equatable {
    /// The distribution's package, or Docker's own repository where the distribution has none that is new enough.
    case package
    /// An installation script, executed only if its checksum is right. Without one the script is not run at all.
    case script(url: String, sha256: String)
    /// Nothing is installed: a host without an engine is an error.
    case none

    /// Reads `package`, `none` and `script=URL,sha256=HEX`; `nil` for anything else.
    ///
    /// A bare `script` is get.docker.com, and needs `sha256=` like any other: an unverified download is never run.
    package init?(parsing text: String) {
        switch text {
        case "package": self = .package
        case "none": self = .none
        default:
            guard let script = Self.script(text) else {
                return nil
            }
            self = script
        }
    }

    private static func script(_ text: String) -> EngineInstall? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("sha256=") else {
            return nil
        }
        let digest = parts[1].dropFirst("sha256=".count).lowercased()
        guard digest.count == 64, digest.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            return nil
        }
        guard parts[0] != "script" else {
            return .script(url: "https://get.docker.com", sha256: digest)
        }
        guard parts[0].hasPrefix("script=http://") || parts[0].hasPrefix("script=https://") else {
            return nil
        }
        return .script(url: String(parts[0].dropFirst("script=".count)), sha256: digest)
    }
}
