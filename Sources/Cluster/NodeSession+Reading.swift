// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import Logging
internal import Scheduling
internal import SwarmCore
internal import Synchronization

/// Reading an engine's state, whole or in part.
extension NodeSession {
    /// Reads one part again; a failure is left to the next full comparison.
    ///
    /// - Returns: whether it was read.
    @discardableResult
    func refresh(_ part: NodePart) async -> Bool {
        do {
            switch part {
            case .container(let id): try await readContainer(id)
            case .images: try await readImages()
            case .networks: try await readNetworks()
            case .volumes: try await readVolumes()
            case .info: try await readInfo()
            }
            return true
        } catch {
            cluster.logger.debug("read failed", metadata: ["node": "\(address)", "error": "\(error)"])
            return false
        }
    }

    /// Reads a container after a change, unless what is known of it has the change already.
    ///
    /// The event of the change mostly comes before the engine's answer, so that the container is being read.
    func refresh(_ id: String, unless isShown: @Sendable (ContainerState?) -> Bool) async {
        let part = NodePart.container(id)
        await dirty.settle(part)
        guard !isShown(known(id)) else {
            return
        }
        dirty.begin(part)
        let isRead = await refresh(part)
        finish(part)
        if !isRead {
            // As when the client has gone away: the change still has to be seen.
            dirty.insert(part)
        }
    }

    /// A part that was taken has been read: it is read again when an event tells what the answer did not have.
    func finish(_ part: NodePart, isTaken: Bool = false) {
        guard case .container(let id) = part else {
            return dirty.finish(part, isTaken: isTaken) { _ in true }
        }
        let container = known(id)
        dirty.finish(part, isTaken: isTaken) { !$0.isExplained(by: container) }
    }

    /// Compares all lists.
    ///
    /// - Parameter inspectAll: whether containers are inspected that look as they did.
    /// - Throws: what the first of the lists that fails throws.
    func readEverything(inspectAll: Bool) async throws {
        // One after the other, over one connection: a thousand engines are read at the same time.
        try await readContainers(inspectAll: inspectAll)
        try await readImages()
        try await readNetworks()
        try await readVolumes()
    }

    private func readImages() async throws {
        let number = cluster.core.withLock { $0.beginRead() }
        let images = try await step("listing the images of") { try await self.client.images(deadline: $0) }
        cluster.core.withLock { $0.setImages(images, of: address, now: WallClock.now(), read: number) }
    }

    private func readNetworks() async throws {
        let number = cluster.core.withLock { $0.beginRead() }
        let networks = try await step("listing the networks of") { try await self.client.networks(deadline: $0) }
        cluster.core.withLock { $0.setNetworks(networks, of: address, now: WallClock.now(), read: number) }
    }

    private func readVolumes() async throws {
        let number = cluster.core.withLock { $0.beginRead() }
        let volumes = try await step("listing the volumes of") { try await self.client.volumes(deadline: $0) }
        cluster.core.withLock { $0.setVolumes(volumes, of: address, now: WallClock.now(), read: number) }
    }

    private func readInfo() async throws {
        let version = try await step("asking for the version of") { try await self.client.version(deadline: $0) }
        let info = try await step("asking for the description of") { try await self.client.info(deadline: $0) }
        cluster.core.withLock { $0.describe(address, info: info, version: version, peer: client.http.peer) }
    }

    // MARK: Containers

    private func readContainer(_ id: String) async throws {
        let number = cluster.core.withLock { $0.beginRead() }
        guard listsAsDescribed.withLock({ $0 }), known(id)?.summary.isLinked != true else {
            async let listed = listed(id)
            let inspection = await inspect(id)
            return apply(id, try await listed, inspection, read: number)
        }
        let inspection = await inspect(id)
        let described = inspection.detail.flatMap { summary(of: $0, known: known(id)) }
        let isEnough = described != nil || inspection == .gone
        apply(id, isEnough ? described : try await listed(id), inspection, read: number)
    }

    private func listed(_ id: String) async throws -> ContainerSummary? {
        try await step("listing a container of") {
            try await self.client.containers(filters: ["id": [id]], deadline: $0)
        }.first { $0.id == id }
    }

    private func apply(_ id: String, _ summary: ContainerSummary?, _ inspection: Inspection, read number: UInt64) {
        guard let summary, inspection != .gone else {
            return cluster.core.withLock { $0.applyRemoval(of: id, on: address, read: number) }
        }
        let container = state(of: summary, inspection: inspection, known: known(id))
        cluster.core.withLock { $0.apply(container, on: address, read: number) }
    }

    /// The element that the engine would list; `nil` when only the engine can tell.
    private func summary(of detail: ContainerDetail, known: ContainerState?) -> ContainerSummary? {
        // In whole seconds: with nine digits more a number is not exact.
        guard let made = detail.fields["Created"]?.string, made.hasSuffix("Z"),
            let created = WallTime.parse(made.prefix(19) + "Z")
        else {
            return nil
        }
        return ContainerSummary(
            of: detail,
            created: Int(created),
            image: known?.summary.image,
            version: client.apiVersion
        )
    }

    /// Compares what an engine lists with what would be made of the description, until the two are found to be the same.
    private func compare(_ summary: ContainerSummary, with detail: ContainerDetail) {
        guard !listsAsDescribed.withLock({ $0 }), let made = self.summary(of: detail, known: nil) else {
            return
        }
        if made.says(asMuchAs: summary) {
            listsAsDescribed.withLock { $0 = true }
        }
    }

    private func readContainers(inspectAll: Bool) async throws {
        let number = cluster.core.withLock { $0.beginRead() }
        let list = try await step("listing the containers of") { try await self.client.containers(deadline: $0) }
        let before = cluster.core.withLock { $0.node(at: address)?.containers ?? ContainerTable() }
        // A few containers are read soon enough over one connection.
        let width = min(configuration.inspectionWidth, 1 + list.count / 64)
        var states: [ContainerState] = []
        try await withThrowingTaskGroup(of: ContainerState?.self) { group in
            for (position, summary) in list.enumerated() {
                if let known = before[summary.id], !inspectAll, known.run != nil, known.summary.state == summary.state {
                    let same = ContainerState(
                        summary: summary,
                        claim: known.claim,
                        ports: known.ports,
                        run: known.run,
                        detail: known.detail,
                        host: host
                    )
                    states.append(same)
                    continue
                }
                if position >= width, let state = try await group.next() {
                    states += state.map { [$0] } ?? []
                }
                group.addTask {
                    let inspection = await self.inspect(summary.id)
                    return inspection == .gone
                        ? nil : self.state(of: summary, inspection: inspection, known: before[summary.id])
                }
            }
            for try await case let state? in group {
                states.append(state)
            }
            try Task.checkCancellation()
        }
        cluster.core.withLock { $0.apply(all: states, on: address, read: number) }
    }

    func known(_ id: String) -> ContainerState? {
        cluster.core.withLock { $0.node(at: address)?.containers[id] }
    }

    /// Never throws: one container that cannot be inspected does not keep a node out.
    private func inspect(_ id: String) async -> Inspection {
        do {
            return .found(
                try await step("inspecting a container of") { try await self.client.container(id, deadline: $0) }
            )
        } catch DockerAPIError.refused(status: 404, _) {
            return .gone
        } catch {
            cluster.logger.debug(
                "inspect failed",
                metadata: ["node": "\(address)", "container": "\(id)", "error": "\(error)"]
            )
            return .failed
        }
    }

    private func state(
        of summary: ContainerSummary,
        inspection: Inspection,
        known: ContainerState?
    ) -> ContainerState {
        guard case .found(let detail) = inspection else {
            return ContainerState(
                summary: summary,
                claim: known?.claim ?? .init(),
                ports: known?.ports ?? ContainerDemand.ports(of: summary),
                run: nil,
                detail: known?.detail,
                host: host
            )
        }
        compare(summary, with: detail)
        let cpus = cluster.core.withLock { $0.node(at: address)?.info?.cpus ?? 0 }
        let demand = ContainerDemand(
            config: detail.config,
            hostConfig: detail.hostConfig,
            shares: .engine(nodeCPUs: cpus)
        )
        var ports = demand.ports
        for port in ContainerDemand.ports(of: summary) where !ports.contains(where: { $0.clashes(with: port) }) {
            ports.append(port)
        }
        return ContainerState(
            summary: summary,
            claim: demand.claim,
            ports: ports,
            run: RunState(detail.fields),
            detail: detail,
            host: host
        )
    }
}

/// What came of inspecting a container.
private enum Inspection: Sendable {
    case found(ContainerDetail)
    case gone
    case failed

    var detail: ContainerDetail? {
        guard case .found(let detail) = self else {
            return nil
        }
        return detail
    }

    static func != (left: Inspection, right: Inspection) -> Bool { !(left == right) }

    static func == (left: Inspection, right: Inspection) -> Bool {
        switch (left, right) {
        case (.gone, .gone), (.failed, .failed): true
        default: false
        }
    }
}
