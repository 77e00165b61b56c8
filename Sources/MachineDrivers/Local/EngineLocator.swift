// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

/// Where the engine of the `local` driver listens.
package enum EngineEndpoint: Hashable, Sendable, CustomStringConvertible {
    case unix(path: String)
    /// Without TLS; for an engine on this machine that was told to listen on a loopback port.
    case tcp(authority: String)

    /// Reads `unix:///PATH` or `tcp://HOST:PORT`.
    package init?(parsing text: String) {
        if text.hasPrefix("unix:///") {
            self = .unix(path: String(text.dropFirst(7)))
        } else if text.hasPrefix("tcp://"), text.count > 6, !text.dropFirst(6).contains("/") {
            self = .tcp(authority: String(text.dropFirst(6)))
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .tcp(let authority): "tcp://\(authority)"
        }
    }
}

/// Chooses the engine that runs the hosts of the `local` driver.
package struct EngineLocator: Sendable {
    /// Of the process.
    package let environment: [String: String]
    /// Whether an engine answers at an endpoint.
    package let answers: @Sendable (EngineEndpoint) async throws -> Bool

    package init(environment: [String: String], answers: @escaping @Sendable (EngineEndpoint) async throws -> Bool) {
        self.environment = environment
        self.answers = answers
    }

    package static let systemEngine = EngineEndpoint.unix(path: "/var/run/docker.sock")

    /// The socket of the testbed's engine, whether it runs or not.
    package var testbedEngine: EngineEndpoint {
        let folder = environment["SWARMCTL_TESTBED"].flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp/swarmctl-testbed"
        return .unix(path: "\(folder)/engines/default/sock")
    }

    /// The endpoint asked for; else `DOCKER_HOST` when it is a socket of this machine; else the testbed's engine
    /// when it runs; else the system's.
    ///
    /// A `DOCKER_HOST` over TCP is most likely one of our clusters, set by `swarmctl env`: it is ignored.
    ///
    /// - Parameter wanted: the value of the option or of its environment variable.
    /// - Returns: where an engine should be; whether one is there is not checked.
    /// - Throws: ``MachineError/badOption(option:driver:problem:)``.
    package func endpoint(wanted: String?) async throws -> EngineEndpoint {
        if let wanted = wanted ?? environment["SWARMCTL_LOCAL_DOCKER_HOST"], !wanted.isEmpty {
            guard let endpoint = EngineEndpoint(parsing: wanted) else {
                throw MachineError.badOption(
                    option: "local-docker-host",
                    driver: "local",
                    problem: "\"\(wanted)\" is not of the form unix:///PATH or tcp://HOST:PORT"
                )
            }
            return endpoint
        }
        if let host = environment["DOCKER_HOST"], case .unix(let path)? = EngineEndpoint(parsing: host) {
            return .unix(path: path)
        }
        return try await answers(testbedEngine) ? testbedEngine : Self.systemEngine
    }
}
