// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
package import SecureShell

/// A host that is there, adopted over SSH: nothing is made at a provider, and nothing is switched on or off.
package struct GenericDriver: MachineDriver {
    package let name = "generic"
    package let summary = "a host that is there already, reached over SSH"
    package let makesHosts = false
    package let options = [
        DriverOption("generic-ip-address", environment: "GENERIC_IP_ADDRESS", help: "The host's address or name."),
        DriverOption(
            "generic-ssh-user",
            environment: "GENERIC_SSH_USER",
            help: "The user to log in as; if not given, the one in ~/.ssh/config, else yours."
        ),
        DriverOption(
            "generic-ssh-port",
            kind: .integer,
            environment: "GENERIC_SSH_PORT",
            help: "The port of its SSH server; if not given, the one in ~/.ssh/config, else 22."
        ),
        DriverOption(
            "generic-ssh-key",
            environment: "GENERIC_SSH_KEY",
            help: "A private key file; if not given, the SSH agent and your default keys."
        ),
        DriverOption(
            "generic-engine-port",
            kind: .integer,
            environment: "GENERIC_ENGINE_PORT",
            defaultValue: "2376",
            help: "The port at which its engine shall listen."
        ),
    ]
    private let probe: @Sendable (_ host: String, _ port: UInt16) async throws -> Bool

    /// - Parameter probe: whether something accepts TCP connections there; throws only when cancelled.
    package init(
        probe: @escaping @Sendable (_ host: String, _ port: UInt16) async throws -> Bool = PortProbe.accepts
    ) {
        self.probe = probe
    }

    package func preCreate(_ request: MachineRequest) async throws {
        _ = try address(in: request.options)
    }

    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        _ = try address(in: request.options)
        return state
    }

    /// The host stays as it is: it is not ours.
    package func remove(_ machine: DriverMachine) async throws {}

    package func start(_ machine: DriverMachine) async throws { throw unsupported("started") }
    package func stop(_ machine: DriverMachine) async throws { throw unsupported("stopped") }
    package func kill(_ machine: DriverMachine) async throws { throw unsupported("killed") }
    package func restart(_ machine: DriverMachine) async throws { throw unsupported("restarted") }

    /// ``MachineState/running`` when its SSH port accepts connections; nothing else can be told from outside.
    package func state(of machine: DriverMachine) async throws -> MachineState {
        let ssh = try address(in: machine.options)
        return try await probe(ssh.host, ssh.port ?? 22) ? .running : .unknown
    }

    package func address(of machine: DriverMachine) async throws -> String {
        try address(in: machine.options).host
    }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? {
        try address(in: machine.options)
    }

    package func tagged(options: [String: String]) async throws -> [TaggedResource] { [] }

    private func address(in options: [String: String]) throws -> SSHAddress {
        guard let host = options["generic-ip-address"], !host.isEmpty else {
            throw bad("generic-ip-address", "it is required")
        }
        let text = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        guard var address = SSHAddress(parsing: text), address.user == nil, address.port == nil else {
            throw bad("generic-ip-address", "\"\(host)\" is not an address or a host name")
        }
        address.user = options["generic-ssh-user"].flatMap { $0.isEmpty ? nil : $0 }
        if let port = options["generic-ssh-port"] {
            guard let number = UInt16(port), number > 0 else {
                throw bad("generic-ssh-port", "\"\(port)\" is not a port from 1 to 65535")
            }
            address.port = number
        }
        return address
    }

    private func bad(_ option: String, _ problem: String) -> MachineError {
        .badOption(option: option, driver: name, problem: problem)
    }

    private func unsupported(_ action: String) -> MachineError { .notSupported(driver: name, action: action) }
}
