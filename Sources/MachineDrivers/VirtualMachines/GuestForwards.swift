// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

/// The ports of this host that lead into a virtual machine behind NAT.
///
/// The engine listens inside at the number it has outside, so that it has one address for all: for us,
/// and for managers in other machines. A machine of a cluster is reached at this host's own address,
/// which its peers reach too; a machine by itself at 127.0.0.1.
struct GuestForwards: Equatable {
    var address: String
    var ssh: UInt16
    /// Ports that have one number inside and outside: the engine's first.
    var same: [UInt16]

    /// Those in `state`, else new ones.
    ///
    /// - Parameters:
    ///   - request: whose ports are wanted: SSH, engine, manager.
    ///   - wanted: the address asked for; `nil` for a choice of ours.
    ///   - state: what an earlier call chose.
    /// - Throws: ``MachineError/preCreate(machine:problem:advice:)`` when the manager's port is taken, or the
    ///   host has no address.
    init(_ request: MachineRequest, address wanted: String?, state: DriverState) throws {
        if let known = GuestForwards(state: state) {
            self = known
            return
        }
        func no(_ problem: String, _ advice: String) -> MachineError {
            .preCreate(machine: request.name, problem: problem, advice: advice)
        }
        let isAlone = request.cluster == MachineStore.implicitCluster
        guard let address = wanted ?? (isAlone ? "127.0.0.1" : HostPorts.primaryAddress()) else {
            throw no(
                "this host has no address at which the machines of a cluster reach one another",
                "connect it to a network, or name an address of it"
            )
        }
        let managers = request.ports.dropFirst(2).compactMap { UInt16(exactly: $0) }
        for port in managers where HostPorts.free(port, on: address) == nil {
            throw no(
                "port \(port) of \(address) is taken, and a manager needs it",
                "stop what listens there, or name another address of this host"
            )
        }
        guard let ssh = HostPorts.free(0, on: address), let engine = HostPorts.free(0, on: address) else {
            throw no("no port of \(address) can be listened on", "name an address of this host")
        }
        self.address = address
        self.ssh = ssh
        same = [engine] + managers
    }

    init?(state: DriverState) {
        guard let address = state["address"], let ssh = state["ssh-port"].flatMap({ UInt16($0) }),
            let ports = state["ports"]?.split(separator: ",").compactMap({ UInt16($0) }), !ports.isEmpty
        else {
            return nil
        }
        self.address = address
        self.ssh = ssh
        same = ports
    }

    /// What ``init(state:)`` reads; `engine-port` is for whoever calls the engine.
    var state: DriverState {
        [
            "address": address, "ssh-port": String(ssh), "ports": same.map(String.init).joined(separator: ","),
            "engine-port": String(same[0]),
        ]
    }

    /// Outside and inside, with a name for each.
    var pairs: [(name: String, outside: UInt16, inside: UInt16)] {
        [("ssh", ssh, 22)] + same.map { ("port\($0)", $0, $0) }
    }
}
