// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
internal import Machines
internal import SwarmCore
internal import Synchronization

/// The networks that hosts are on: made when missing, and their addresses given out.
///
/// Remembers what this process gave out, because an engine does not keep an address for a container before it starts.
final class LocalNetworks: Sendable {
    /// On networks that we made; its value is their name.
    private static let label = "swarmctl-network"

    private let promised = Mutex<[String: UInt32]>([:])
    private let making = Mutex<[String: Task<IPv4Network, any Error>]>([:])

    /// The subnet of the network called `name`, which is made when it is missing.
    ///
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``: kind
    ///   `noCapacity` when no subnet is free, `conflict` when the network there has no IPv4 subnet.
    func ensure(_ name: String, at engine: LocalEngine) async throws -> IPv4Network {
        while true {
            let making = making.withLock { running in
                let key = "\(engine.endpoint) \(name)"
                if let task = running[key] {
                    return task
                }
                // Shared by all machines that wait for the network. Ends with its calls, which have deadlines, or
                // when one of those who wait is cancelled: then another begins again.
                let task = Task {
                    defer { self.making.withLock { $0[key] = nil } }
                    return try await self.make(name, at: engine)
                }
                running[key] = task
                return task
            }
            do {
                return try await withTaskCancellationHandler {
                    try await making.value
                } onCancel: {
                    making.cancel()
                }
            } catch is CancellationError {
                try Task.checkCancellation()
            }
        }
    }

    private func make(_ name: String, at engine: LocalEngine) async throws -> IPv4Network {
        if let network = try await subnet(of: name, at: engine) {
            return network
        }
        let networks: [NetworkInfo] = try await engine.get("/networks")
        let taken = networks.flatMap { $0.ipam?.config ?? [] }
            .compactMap { $0.subnet.flatMap(IPv4Network.init(parsing:)) }
        for subnet in Addressing.freeSubnets(taken: taken + Self.hostRoutes()).prefix(8) {
            let wanted = NewNetwork(
                name: name,
                ipam: .init(config: [.init(subnet: "\(subnet)")]),
                labels: [Self.label: name]
            )
            try await engine.change("POST", "/networks/create", body: wanted, accepting: [403, 409])
            // Looked up also after success: two runs may have made one each, and must agree on which stays.
            if let network = try await madeByOthers(name, at: engine) {
                return network
            }
        }
        throw engine.problem("no subnet is free for the network \"\(name)\"", .noCapacity)
    }

    /// The network after a refusal to make it; `nil` when it was refused for another reason.
    ///
    /// Either another run is just making it, which the engine does not show until it is whole, or
    /// somebody else took the subnet. A second tells which; the engine has no event for it.
    private func madeByOthers(_ name: String, at engine: LocalEngine) async throws -> IPv4Network? {
        for _ in 0..<10 {
            if let network = try await subnet(of: name, at: engine) {
                return network
            }
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        return nil
    }

    /// Chooses an address that no container on the network has, and that this process has not promised.
    ///
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)`` of kind `noCapacity`.
    func choose(in subnet: IPv4Network, of network: String, for id: String, at engine: LocalEngine) async throws
        -> UInt32
    {
        let taken = try await addresses(on: network, except: nil, at: engine)
        let address = promised.withLock { promised -> UInt32? in
            promised[id] = nil
            let address = Addressing.freeAddress(in: subnet, id: id, taken: taken.union(promised.values))
            promised[id] = address
            return address
        }
        guard let address else {
            throw engine.problem("no address is free on the network \"\(network)\" (\(subnet))", .noCapacity)
        }
        return address
    }

    /// Forgets what was promised to a machine: its container holds the address now, or nobody does.
    func release(_ id: String) {
        promised.withLock { $0[id] = nil }
    }

    /// The addresses of the containers on a network, running or not, but for the machine `except`.
    func addresses(on network: String, except: String?, at engine: LocalEngine) async throws -> Set<UInt32> {
        let rows = try await engine.containers(onNetwork: network)
        let texts = rows.filter { except == nil || $0.labels?[Tag.id] != except }
            .compactMap { $0.networkSettings?.networks?[network] }
            .flatMap { [$0.ipamConfig?.ipv4Address, $0.ipAddress] }
        return Set(texts.compactMap { $0.flatMap(IPv4Network.address) })
    }

    /// Removes a network of ours that no container, running or not, is on.
    func removeIfUnused(_ name: String?, at engine: LocalEngine) async throws {
        guard let name, let network = try await only(name, at: engine),
            network.labels?[Self.label] == name,
            try await engine.containers(onNetwork: name).isEmpty, promised.withLock(\.isEmpty)
        else {
            return
        }
        // 403: somebody attached a container just now, so the network stays.
        try await engine.change("DELETE", "/networks/\(network.id)", accepting: [403, 404])
    }

    private func subnet(of name: String, at engine: LocalEngine) async throws -> IPv4Network? {
        guard let network = try await only(name, at: engine) else {
            return nil
        }
        guard
            let subnet = (network.ipam?.config ?? []).compactMap({ $0.subnet.flatMap(IPv4Network.init(parsing:)) })
                .first
        else {
            throw engine.problem("the network \"\(name)\" has no IPv4 subnet", .conflict)
        }
        return subnet
    }

    /// The network of exactly that name.
    ///
    /// Old engines let two runs that create at the same moment make two of one name, and then refuse the
    /// name as ambiguous: those of ours that nobody uses are removed, all but the one that every run chooses.
    private func only(_ name: String, at engine: LocalEngine) async throws -> NetworkInfo? {
        let found = try await engine.networks(named: name).sorted { $0.id < $1.id }
        for extra in found.dropFirst() where extra.labels?[Self.label] == name {
            try await engine.change("DELETE", "/networks/\(extra.id)", accepting: [403, 404])
        }
        return found.first
    }

    private static func hostRoutes() -> [IPv4Network] {
        (try? AtomicFile.readText("/proc/net/route", limit: 1 << 20)).map(Addressing.routes(in:)) ?? []
    }
}
