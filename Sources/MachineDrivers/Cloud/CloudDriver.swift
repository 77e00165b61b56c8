// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
package import SecureShell
internal import SwarmCore

/// A host at a provider, as far as drivers need to know it.
package struct CloudHost: Sendable, Equatable {
    /// The provider's id.
    package var id: String
    package var state: MachineState
    /// Where swarmctl and the other nodes reach it; `nil` while it has no address.
    package var address: String?
}

/// What can be done with a host's power.
package enum CloudPower: Sendable {
    case start, stop, kill, restart
}

/// What the drivers of clouds have in common: a host that is found by its id or its tags, and waited for.
///
/// A conforming type says how hosts are found, made, switched and removed; the rest is here.
package protocol CloudDriver: MachineDriver {
    var patience: Patience { get }

    /// The host of a machine: by the id in its state, else by its tags; `nil` when there is none.
    func host(of machine: DriverMachine) async throws -> CloudHost?

    /// Makes what the host needs and then the host; all of it may be there already, but no host.
    ///
    /// - Parameters:
    ///   - request: what is wanted.
    ///   - state: may get more than the id; saved by `save`.
    ///   - save: to be called before the call after one that made something not found by name or tag.
    /// - Returns: the host, at once: without waiting for it.
    /// - Throws: `MachineError`, and what `save` throws.
    func makeHost(
        _ request: MachineRequest,
        state: inout DriverState,
        save: @Sendable (DriverState) throws -> Void
    ) async throws -> CloudHost

    /// Gives a host that runs what can only be given then, such as an address; may be there already.
    func complete(_ host: CloudHost, _ machine: DriverMachine) async throws

    /// Asks for a change; ``CloudHost/state`` follows later.
    func switchPower(_ power: CloudPower, of host: CloudHost, _ machine: DriverMachine) async throws

    /// Who logs in, and at which port.
    func login(_ machine: DriverMachine) throws -> (user: String, port: UInt16)
}

extension CloudDriver {
    package var makesHosts: Bool { true }

    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        var state = state
        var machine = DriverMachine(request, state)
        var host: CloudHost
        if let found = try await self.host(of: machine) {
            host = found
        } else {
            host = try await makeHost(request, state: &state, save: save)
        }
        state["id"] = host.id
        try save(state)
        machine.state = state
        if host.state == .stopped {
            try await switchPower(.start, of: host, machine)
        }
        host = try await wait(for: machine, "it does not run") { $0.state == .running }
        try await complete(host, machine)
        if host.address == nil {
            host = try await wait(for: machine, "it has no address") { $0.address != nil }
        }
        state["address"] = host.address
        try save(state)
        return state
    }

    package func complete(_ host: CloudHost, _ machine: DriverMachine) async throws {}

    package func start(_ machine: DriverMachine) async throws { try await change(machine, .start, to: .running) }
    package func stop(_ machine: DriverMachine) async throws { try await change(machine, .stop, to: .stopped) }
    package func kill(_ machine: DriverMachine) async throws { try await change(machine, .kill, to: .stopped) }

    package func restart(_ machine: DriverMachine) async throws {
        let host = try await known(machine)
        try await switchPower(host.state == .stopped ? .start : .restart, of: host, machine)
        _ = try await wait(for: machine, "it does not run again") { $0.state == .running }
    }

    package func state(of machine: DriverMachine) async throws -> MachineState {
        try await host(of: machine)?.state ?? .notFound
    }

    package func address(of machine: DriverMachine) async throws -> String {
        let host = try await known(machine)
        guard let address = host.address ?? machine.state["address"] else {
            throw problem(machine, "it has no address", .failed)
        }
        return address
    }

    package func sshAddress(of machine: DriverMachine) async throws -> SSHAddress? {
        let login = try login(machine)
        return SSHAddress(user: login.user, host: try await address(of: machine), port: login.port)
    }

    private func change(_ machine: DriverMachine, _ power: CloudPower, to wanted: MachineState) async throws {
        let host = try await known(machine)
        guard host.state != wanted else {
            return
        }
        try await switchPower(power, of: host, machine)
        _ = try await wait(for: machine, "it is not \(wanted.rawValue.lowercased())") { $0.state == wanted }
    }

    private func known(_ machine: DriverMachine) async throws -> CloudHost {
        guard let host = try await host(of: machine) else {
            throw problem(machine, "the provider does not have it", .notFound)
        }
        return host
    }

    private func wait(
        for machine: DriverMachine,
        _ otherwise: String,
        _ isReached: (CloudHost) -> Bool
    ) async throws -> CloudHost {
        let host = try await patience.wait { () -> CloudHost? in
            let host = try await known(machine)
            guard host.state != .error else {
                throw problem(machine, "the provider reports that making or changing it failed", .failed)
            }
            return isReached(host) ? host : nil
        }
        guard let host else {
            throw problem(machine, "\(otherwise) after \(patience.limit)", .unreachable, isTransient: true)
        }
        return host
    }

    func problem(
        _ machine: DriverMachine,
        _ text: String,
        _ kind: ErrorKind,
        isTransient: Bool = false
    ) -> MachineError {
        .provider(driver: name, machine: machine.name, problem: text, kind: kind, isTransient: isTransient)
    }
}

extension DriverMachine {
    init(_ request: MachineRequest, _ state: DriverState) {
        self.init(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
    }
}
