// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
package import Machines
internal import SwarmCore

extension LocalDriver {
    /// Each call to the engine either changes nothing when made again, or is preceded by a look for
    /// what it would make: a create that was killed anywhere goes on here.
    package func create(
        _ request: MachineRequest,
        state: DriverState,
        save: @escaping @Sendable (DriverState) throws -> Void
    ) async throws -> DriverState {
        let wish = try LocalWish(request)
        let engine = try await engine(request.options, state["engine"], request.name)
        var state = state
        state["engine"] = "\(engine.endpoint)"
        state["network"] = wish.network
        defer { networks.release(request.id) }
        var subnet = try await networks.ensure(wish.network, at: engine)
        var container = try await existing(request, state, in: subnet, at: engine)
        for attempt in 1... {
            let current: ContainerInfo
            if let container {
                current = container
            } else {
                let id = try await make(request, wish, in: subnet, at: engine)
                state["container"] = id
                try save(state)
                current = try await made(id, at: engine)
            }
            state["container"] = current.id
            state["address"] = current.fixedAddress(on: wish.network)
            try save(state)
            let isClash = current.isNew ? try await isClash(current, request, wish.network, at: engine) : false
            if !isClash, try await bringUp(current, request, at: engine) {
                return state
            }
            // Another run took the same address, and both give way and look again from other places; or it removed the
            // network, because an engine does not count containers that never ran.
            try await engine.removeContainer(current.id)
            container = nil
            guard attempt < 5 else {
                break
            }
            subnet = try await networks.ensure(wish.network, at: engine)
        }
        throw engine.problem("others took its address or network again and again", .noCapacity, isTransient: true)
    }

    /// The container of an earlier call, unless it never ran and cannot run any more.
    private func existing(
        _ request: MachineRequest,
        _ state: DriverState,
        in subnet: IPv4Network,
        at engine: LocalEngine
    ) async throws -> ContainerInfo? {
        let machine = DriverMachine(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
        guard let container = try await engine.container(of: machine) else {
            return nil
        }
        let address = state["network"].flatMap(container.fixedAddress).flatMap(IPv4Network.address)
        if container.isNew, address.map(subnet.contains) != true {
            try await engine.removeContainer(container.id)
            return nil
        }
        return container
    }

    private func make(
        _ request: MachineRequest,
        _ wish: LocalWish,
        in subnet: IPv4Network,
        at engine: LocalEngine
    ) async throws -> String {
        let address = try await networks.choose(in: subnet, of: wish.network, for: request.id, at: engine)
        let labels = Tag.labels(of: request)
        let name = Self.objectName(request)
        for volume in ["docker", "containerd"] {
            try await engine.change(
                "POST",
                "/volumes/create",
                body: NewVolume(name: "\(name)-\(volume)", labels: labels)
            )
        }
        let wanted = Self.container(
            request,
            wish,
            name: name,
            address: address,
            isCgroupV1: try await cgroups.isFirst(at: engine),
            privileges: Self.privileges
        )
        let response = try await engine.change(
            "POST",
            "/containers/create",
            ["name": name],
            body: wanted,
            accepting: [409]
        )
        // 409: an earlier call made it whose answer was lost.
        let id: String?
        if response.isSuccess {
            let created: CreatedObject = try engine.decode(response)
            id = created.id
        } else {
            id = try await engine.containers(ofMachine: request.id).first?.id
        }
        guard let id else {
            throw engine.problem("the name \"\(name)\" is taken by a container that is not ours", .conflict)
        }
        return id
    }

    private func made(_ id: String, at engine: LocalEngine) async throws -> ContainerInfo {
        guard let container: ContainerInfo = try await engine.find("/containers/\(id)/json") else {
            throw engine.problem("its container went away while it was made", .conflict)
        }
        return container
    }

    private func isClash(
        _ container: ContainerInfo,
        _ request: MachineRequest,
        _ network: String,
        at engine: LocalEngine
    ) async throws -> Bool {
        guard let address = container.fixedAddress(on: network).flatMap(IPv4Network.address) else {
            return false
        }
        return try await networks.addresses(on: network, except: request.id, at: engine).contains(address)
    }

    /// Puts the keys into a container that never ran, and starts it; one that runs stays as it is.
    ///
    /// - Returns: `false` for a new container whose network is gone.
    private func bringUp(
        _ container: ContainerInfo,
        _ request: MachineRequest,
        at engine: LocalEngine
    ) async throws -> Bool {
        if container.isNew {
            try await engine.put(Self.keys(of: request), intoContainer: container.id)
        }
        guard container.state.status != "running" else {
            return true
        }
        let response = try await engine.change(
            "POST",
            "/containers/\(container.id)/start",
            accepting: container.isNew ? [304, 404] : [304]
        )
        return response.status != 404
    }

    /// What the engine's objects of a machine are called: unique even when two stores have machines of one name.
    static func objectName(_ request: MachineRequest) -> String {
        "swarmctl-\(request.name)-\(request.id.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(12))"
    }

    static func container(
        _ request: MachineRequest,
        _ wish: LocalWish,
        name: String,
        address: UInt32,
        isCgroupV1: Bool,
        privileges: HostPrivileges
    ) -> NewContainer {
        NewContainer(
            image: wish.image,
            hostname: request.name,
            labels: Tag.labels(of: request),
            hostConfig: .init(
                networkMode: wish.network,
                privileged: privileges.isPrivileged,
                capAdd: privileges.added,
                capDrop: privileges.dropped,
                // With a cgroup namespace of its own on v1, nested containers fail.
                cgroupnsMode: isCgroupV1 ? "host" : "private",
                binds: isCgroupV1 ? ["/sys/fs/cgroup:/sys/fs/cgroup:rw"] : [],
                mounts: [
                    .init(source: "\(name)-docker", target: "/var/lib/docker"),
                    .init(source: "\(name)-containerd", target: "/var/lib/containerd"),
                ],
                memory: wish.memory,
                nanoCpus: wish.cpus
            ),
            networkingConfig: .init(endpointsConfig: [
                wish.network: Attachment(ipamConfig: .init(ipv4Address: IPv4Network.text(address)))
            ])
        )
    }

    /// The host key, who may log in, and this machine's name servers, as a tar for the root folder.
    static func keys(of request: MachineRequest) -> [UInt8] {
        var archive = TarArchive()
        archive.addFile("etc/ssh/ssh_host_ed25519_key", mode: 0o600, request.hostKey.privateKey)
        archive.addFile("etc/ssh/ssh_host_ed25519_key.pub", mode: 0o644, request.hostKey.publicKey + "\n")
        archive.addFolder("root/.ssh", mode: 0o700)
        archive.addFile("root/.ssh/authorized_keys", mode: 0o600, request.authorizedKey + "\n")
        // For the containers in the host: they cannot use the name server that the engine gives the host itself.
        let servers = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"].lazy
            .map { Self.nameServers(in: (try? AtomicFile.readText($0, limit: 1 << 20)) ?? "") }
            .first { !$0.isEmpty }
        archive.addFile("etc/node-nameservers", mode: 0o644, (servers ?? []).map { "nameserver \($0)\n" }.joined())
        return archive.finished()
    }

    /// The name servers in a `resolv.conf` that other machines can reach too.
    static func nameServers(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, words[0] == "nameserver", !words[1].hasPrefix("127."), words[1] != "::1" else {
                return nil
            }
            return String(words[1])
        }
    }

    private static var privileges: HostPrivileges {
        let last = try? AtomicFile.readText("/proc/sys/kernel/cap_last_cap").trimmingCharacters(
            in: .whitespacesAndNewlines
        )
        return HostPrivileges(
            status: try? AtomicFile.readText("/proc/self/status"),
            lastCapability: last.flatMap { Int($0) }
        )
    }
}

extension ContainerInfo {
    /// Whether it never ran.
    var isNew: Bool { state.status == "created" }

    /// The address that it asks for on a network.
    func fixedAddress(on network: String) -> String? {
        networkSettings.networks?[network]?.ipamConfig?.ipv4Address
    }
}
