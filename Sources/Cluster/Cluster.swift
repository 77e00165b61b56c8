// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
package import Logging
package import Scheduling
internal import SwarmCore
internal import Synchronization

/// The state of all nodes, and the only place where placements are decided.
///
/// Reading is free: ``snapshot`` is a value. Writing is short: no lock is held across a network call.
/// ``run()`` keeps one task a node, which connects it, follows its events and compares full lists.
package final class Cluster: Sendable {
    let configuration: ClusterConfiguration
    let logger: Logger
    /// Whether this manager may place containers; nothing is placed, or placed again, without it.
    package let leadership: Leadership
    let hub = EventHub()
    /// For those who watch the manager.
    package let statistics = ClusterStatistics()
    let core: Mutex<ClusterCore>
    let availabilityWriting = Mutex(())
    /// Transfers of images, by address, name and platform.
    let imageWork = KeyedWork<[String]>()
    let moves: MoveBook
    private let joined = Wake()
    /// By the address of a node, those of its copies, which wait until it is gone.
    private let copies = Mutex<[String: Set<String>]>([:])
    private let makeClient: @Sendable (String) throws -> HTTPClient
    private let sessions = Mutex<[String: NodeSession]>([:])
    private let started: AsyncStream<NodeSession>
    private let startedContinuation: AsyncStream<NodeSession>.Continuation

    /// Makes a cluster without members.
    ///
    /// - Parameters:
    ///   - configuration: of the command line.
    ///   - leadership: of this manager among those of the cluster.
    ///   - logger: one line for each change of a node.
    ///   - makeClient: makes the pooled client for a registered address.
    package init(
        configuration: ClusterConfiguration,
        leadership: Leadership = .alone(),
        logger: Logger,
        makeClient: @escaping @Sendable (String) throws -> HTTPClient
    ) {
        self.configuration = configuration
        self.leadership = leadership
        self.logger = logger
        self.makeClient = makeClient
        core = Mutex(ClusterCore(scheduler: configuration.scheduler))
        moves = MoveBook(configuration.state, logger: logger)
        (started, startedContinuation) = AsyncStream.makeStream()
        restoreAvailability()
    }

    /// Everything at this instant.
    package var snapshot: ClusterSnapshot { core.withLock { $0.snapshot } }

    /// Connects and follows the members until the task is cancelled; called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await Rescheduler(self).run() }
            group.addTask { await self.giveMemoryBack() }
            for await session in started {
                group.addTask(executorPreference: EventLoopExecutor.next()) { await session.run() }
            }
            // The stream ends when the task is cancelled, and the group cancels its tasks with it.
        }
    }

    /// Gives back what reading nodes took, when none has been read for a moment.
    private func giveMemoryBack() async {
        while !Task.isCancelled {
            await joined.wait()
            var last: Int
            repeat {
                last = statistics.joins
                try? await ContinuousClock().sleep(for: FreeMemory.delay)
            } while last != statistics.joins && !Task.isCancelled
            FreeMemory.giveBack()
        }
    }

    /// Notes that a node has been read as a whole.
    func noteJoin() {
        statistics.countJoin()
        joined.signal()
    }

    // MARK: Members

    /// Replaces the member list by what discovery says: nodes that are not in it are removed.
    package func setMembers(_ addresses: [String]) {
        let (added, removed) = core.withLock { $0.setMembers(addresses, now: WallClock.now()) }
        for address in removed {
            logger.info("node removed", metadata: ["address": "\(address)"])
            sessions.withLock { $0.removeValue(forKey: address) }?.stop()
            statistics.forget(address)
            nudgeCopies(of: address)
        }
        for address in added {
            logger.info("node registered", metadata: ["address": "\(address)"])
            do {
                let session = NodeSession(address: address, client: try makeClient(address), cluster: self)
                sessions.withLock { $0[address] = session }
                startedContinuation.yield(session)
            } catch {
                let reason = ErrorReport(error).message
                core.withLock { $0.setStatus(.pending, reason: reason, of: address, now: WallClock.now()) }
            }
        }
    }

    /// Notes that discovery fails; the members stay as they are.
    package func discoveryFailed(_ reason: String) {
        core.withLock { $0.setDiscoveryStale(reason, now: WallClock.now()) }
    }

    /// Tries a node at once that is waiting to be tried again: it has registered, or answered a call.
    package func nudge(_ address: String) {
        session(address)?.nudge()
    }

    /// The client for a node, in the API version agreed on; `nil` when the node is gone.
    package func client(for address: String) -> EngineClient? {
        session(address)?.client
    }

    /// The client for a node, in the version nearest to the one that a client asked for.
    func client(for node: NodeState, version: APIVersion?) -> EngineClient? {
        guard var client = client(for: node.address) else {
            return nil
        }
        if let version {
            client.apiVersion = node.version?.apiVersions.clamp(version) ?? version
        }
        return client
    }

    /// Whether the node has answered anything not longer ago than a probe that is not late.
    package func hasAnsweredLately(_ address: String) -> Bool {
        session(address)?.wasHeard(within: configuration.probeInterval + .seconds(1)) ?? false
    }

    /// Has a copy of a node try again when that one is gone.
    func note(copy: String, of address: String) {
        copies.withLock { _ = $0[address, default: []].insert(copy) }
    }

    /// Tries the copies of a node that is gone.
    func nudgeCopies(of address: String) {
        copies.withLock { $0.removeValue(forKey: address) }?.forEach(nudge)
    }

    func session(_ address: String) -> NodeSession? {
        sessions.withLock { $0[address] }
    }

    // MARK: Containers

    /// Finds a container by `NODE/NAME`, name, id or id prefix; an exact name wins over a prefix.
    package func container(_ reference: String) -> Lookup {
        core.withLock { $0.lookup(reference) }
    }

    /// Chooses a node and holds name, CPUs, memory, ports and slot on it, until ``commit(_:containerID:)``
    /// or ``release(_:)``.
    ///
    /// - Parameters:
    ///   - request: what the container asks for.
    ///   - excluded: addresses of nodes that failed for this request already.
    ///   - replaced: ids of containers whose name it may have, because it takes their place.
    /// - Returns: what to commit or release, exactly once.
    /// - Throws: ``SchedulingError``.
    package func reserve(
        _ request: PlacementRequest,
        excluding excluded: Set<String> = [],
        replacing replaced: Set<String> = []
    ) throws(SchedulingError) -> Reservation {
        try core.withLock { (core) throws(SchedulingError) in
            try core.reserve(request, excluding: excluded, replacing: replaced)
        }
    }

    /// Turns a reservation into the container that the engine has made.
    ///
    /// Reads it from the engine, so that the next `ps` shows it, and lets go of the reservation. If it
    /// cannot be read the reservation's claim stays until it is.
    package func commit(_ reservation: Reservation, containerID: String) async {
        core.withLock { $0.commit(reservation.token, containerID: containerID) }
        await refreshContainer(containerID, on: reservation.address) { $0 != nil }
    }

    /// Gives up a reservation whose container was not made; idempotent.
    package func release(_ reservation: Reservation) {
        core.withLock { $0.release(reservation.token) }
    }

    /// Holds `name` for a rename; let go with ``releaseName(_:)`` after the engine has answered and
    /// ``refreshContainer(_:on:)`` is done.
    ///
    /// - Throws: ``SchedulingError/nameTaken(name:holder:)``.
    package func reserveName(_ name: String) throws(SchedulingError) {
        try core.withLock { (core) throws(SchedulingError) in try core.holdName(name) }
    }

    /// Lets go of a name held by ``reserveName(_:)``.
    package func releaseName(_ name: String) {
        core.withLock { $0.releaseName(name) }
    }

    /// The copies that took the place of a container, the latest decision first.
    func copies(of id: String) -> [(container: ContainerState, node: NodeState)] {
        core.withLock { $0.copies(of: id) }
    }

    /// A container of one node, and the node.
    func place(of id: String, on address: String) -> (ContainerState, NodeState)? {
        snapshot.node(address: address).flatMap { node in node.containers[id].map { ($0, node) } }
    }

    // MARK: Reading your own writes

    /// Reads one container from its engine again; it is gone when the engine says so.
    ///
    /// Call it after a change that went through, before the client is answered.
    ///
    /// - Parameters:
    ///   - id: the full id of the container.
    ///   - address: of its node.
    ///   - isShown: whether what is known of the container has the change already, because the engine's event had it
    ///     read: then it is not read again.
    package func refreshContainer(
        _ id: String,
        on address: String,
        unless isShown: @Sendable (ContainerState?) -> Bool = { _ in false }
    ) async {
        await session(address)?.refresh(id, unless: isShown)
    }

    /// Reads the images of a node again.
    package func refreshImages(on address: String) async {
        await session(address)?.refresh(.images)
    }

    /// Reads the networks of a node again.
    package func refreshNetworks(on address: String) async {
        await session(address)?.refresh(.networks)
    }

    /// Reads the volumes of a node again.
    package func refreshVolumes(on address: String) async {
        await session(address)?.refresh(.volumes)
    }

    // MARK: Events

    /// The same as ``events(capacity:)`` for one who takes all that have come at a time; to be closed.
    package func eventQueue(capacity: Int = 65_536) -> EventQueue {
        hub.queue(capacity: capacity)
    }

    /// Events of all engines and of the cluster from now on, in the order they arrive.
    ///
    /// The stream ends when the listener falls `capacity` events behind, or is cancelled.
    package func events(capacity: Int = 4096) -> AsyncStream<ClusterEvent> {
        hub.listen(capacity: capacity)
    }
}

/// A place held on a node.
package struct Reservation: Sendable, Hashable {
    /// Unique in the life of the manager.
    package let token: UInt64
    /// Of the node chosen.
    package let address: String
    package let nodeName: String
}
