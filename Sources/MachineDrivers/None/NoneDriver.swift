// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
package import SecureShell

/// A URL of an engine that somebody else looks after: nothing is made, nothing can be changed.
package struct NoneDriver: MachineDriver {
    package let name = "none"
    package let summary = "an engine that is there already, by its URL; nothing is installed on it"
    package let makesHosts = false
    package let options = [
        DriverOption("url", environment: "MACHINE_URL", help: "The engine's URL, as in tcp://10.0.0.1:2376.")
    ]

    package init() {}

    package func preCreate(_ request: MachineRequest) async throws {
        _ = try host(in: request.options)
    }

    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        _ = try host(in: request.options)
        return state
    }

    package func remove(_ machine: DriverMachine) async throws {}

    package func start(_ machine: DriverMachine) async throws { throw unsupported("started") }
    package func stop(_ machine: DriverMachine) async throws { throw unsupported("stopped") }
    package func kill(_ machine: DriverMachine) async throws { throw unsupported("killed") }
    package func restart(_ machine: DriverMachine) async throws { throw unsupported("restarted") }

    package func state(of machine: DriverMachine) async throws -> MachineState { .unknown }

    package func address(of machine: DriverMachine) async throws -> String { try host(in: machine.options) }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? { nil }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] { [] }

    /// The host in the option `url`, without brackets.
    private func host(in options: [String: String]) throws -> String {
        guard let url = options["url"], !url.isEmpty else {
            throw MachineError.badOption(option: "url", driver: name, problem: "it is required")
        }
        let rest = url.hasPrefix("tcp://") ? url.dropFirst(6) : url.hasPrefix("https://") ? url.dropFirst(8) : ""
        let authority = String(rest.prefix { $0 != "/" })
        guard let address = SSHAddress(parsing: authority), address.user == nil else {
            throw MachineError.badOption(
                option: "url",
                driver: name,
                problem: "\"\(url)\" is not of the form tcp://HOST:PORT"
            )
        }
        return address.host
    }

    private func unsupported(_ action: String) -> MachineError { .notSupported(driver: name, action: action) }
}
