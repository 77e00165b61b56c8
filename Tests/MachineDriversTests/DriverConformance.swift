// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers
import Machines
import SecureShell
import SwarmCore
import Synchronization
import Testing

/// The promises of ``MachineDriver`` that every driver must keep, checked on one that makes hosts.
///
/// A driver's tests build one and call each method from a test of their own.
struct DriverConformance: Sendable {
    /// Builds the driver on a given path to its provider; a new one stands for a new run of swarmctl.
    let driver: @Sendable (any HTTPSending) -> any MachineDriver
    /// The real path to the provider, or to a stand-in.
    let http: any HTTPSending
    /// A request for a machine that does not exist yet, different each time.
    let request: @Sendable () -> MachineRequest

    /// Made, told of, changed through all its states, and removed, twice.
    func livesItsLife() async throws {
        let driver = driver(http)
        let request = request()
        try await driver.preCreate(request)
        let saved = Saved()

        let state = try await driver.create(request, state: [:], save: saved.save)
        let machine = machine(request, state)

        #expect(saved.states.last == state, "what is returned was saved")
        #expect(try await driver.state(of: machine) == .running)
        #expect(try await driver.address(of: machine).isEmpty == false)
        #expect(try await driver.sshAddress(of: machine)?.host == driver.address(of: machine))
        try await driver.start(machine)
        #expect(try await driver.state(of: machine) == .running, "starting what runs changes nothing")
        try await changesStates(driver, machine)
        try await driver.remove(machine)
        #expect(try await driver.state(of: machine) == .notFound)
        try await driver.remove(machine)
        #expect(try await left(of: request).isEmpty)
    }

    /// Stopped, started, killed and restarted: the address stays.
    private func changesStates(_ driver: any MachineDriver, _ machine: DriverMachine) async throws {
        let address = try await driver.address(of: machine)
        try await driver.stop(machine)
        #expect(try await driver.state(of: machine) == .stopped)
        try await driver.stop(machine)
        #expect(try await driver.state(of: machine) == .stopped, "stopping what is stopped changes nothing")
        try await driver.start(machine)
        #expect(try await driver.state(of: machine) == .running)
        #expect(try await driver.address(of: machine) == address)
        try await driver.kill(machine)
        #expect(try await driver.state(of: machine) == .stopped)
        try await driver.kill(machine)
        try await driver.restart(machine)
        #expect(try await driver.state(of: machine) == .running)
        #expect(try await driver.address(of: machine) == address)
    }

    /// Cut off at its first, second, third … call to the provider, before or after the call took effect, and then
    /// run again by a new process: one machine, the same as without the cut, and nothing left after its removal.
    ///
    /// - Parameter answerIsLost: whether the cut call takes effect.
    /// - Returns: how many calls a create makes.
    /// - Throws: what a call after the cut throws.
    @discardableResult
    func resumesAfterCut(answerIsLost: Bool) async throws -> Int {
        for cut in 1...100 {
            let request = request()
            let saved = Saved()
            let sender = CuttingSender(http, cutting: cut, answerIsLost: answerIsLost)
            let first = driver(sender)
            var wasCut = false
            do {
                _ = try await first.create(request, state: [:], save: saved.save)
            } catch {
                wasCut = true
            }

            let second = driver(http)
            let state = try await second.create(request, state: saved.states.last ?? [:], save: saved.save)
            let machine = machine(request, state)
            let made = try await left(of: request)

            #expect(try await second.state(of: machine) == .running, "cut at call \(cut)")
            #expect(made.count { $0.kind == "container" } == 1, "cut at call \(cut)")
            #expect(Set(made.map(\.id)).count == made.count)
            try await second.remove(machine)
            #expect(try await left(of: request).isEmpty, "cut at call \(cut)")
            if !wasCut {
                return cut - 1
            }
        }
        return 100
    }

    /// Cut off in the middle of its removal, and removed again.
    func removesAfterCut() async throws {
        for cut in 1...100 {
            let request = request()
            let state = try await driver(http).create(request, state: [:]) { _ in }
            let machine = machine(request, state)
            let sender = CuttingSender(http, cutting: cut, answerIsLost: true)

            var wasCut = false
            do {
                try await driver(sender).remove(machine)
            } catch {
                wasCut = true
            }
            try await driver(http).remove(machine)

            #expect(try await left(of: request).isEmpty, "cut at call \(cut)")
            if !wasCut {
                return
            }
        }
    }

    /// Told of a machine that is not there.
    func knowsWhatIsGone() async throws {
        let driver = driver(http)
        let gone = machine(request(), [:])

        #expect(try await driver.state(of: gone) == .notFound)
        let error = try await #require(throws: MachineError.self) { try await driver.start(gone) }
        #expect(error.kind == .notFound)
    }

    /// Cancelled before and during a create: says so, and the next run ends it well.
    func canBeCancelled() async throws {
        let request = request()
        let reached = AsyncStream<Void>.makeStream()
        let stuck = driver(StuckSender(http, after: 3) { reached.continuation.yield() })
        let creating = Task {
            // Ends the wait below also when the create ends before it is stuck.
            defer { reached.continuation.finish() }
            return try await stuck.create(request, state: [:]) { _ in }
        }
        for await _ in reached.stream {
            break
        }
        creating.cancel()

        await #expect(throws: CancellationError.self) { try await creating.value }
        let state = try await driver(http).create(request, state: [:]) { _ in }
        try await driver(http).remove(machine(request, state))
        #expect(try await left(of: request).isEmpty)
    }

    /// Nothing is saved after a `save` that failed, and the error is passed on.
    func passesOnFailedSave() async throws {
        struct DiskFull: Error {}
        let request = request()

        await #expect(throws: DiskFull.self) {
            _ = try await driver(http).create(request, state: [:]) { _ in throw DiskFull() }
        }
        try await driver(http).remove(machine(request, [:]))
        #expect(try await left(of: request).isEmpty)
    }

    private func machine(_ request: MachineRequest, _ state: DriverState) -> DriverMachine {
        DriverMachine(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
    }

    /// What the provider has of a machine.
    private func left(of request: MachineRequest) async throws -> [TaggedResource] {
        let all = try await driver(http).tagged(options: request.options)
        let ours = all.filter { $0.machineID == request.id }
        #expect(ours.allSatisfy { $0.machine == request.name && $0.cluster == request.cluster })
        return ours
    }
}

/// The states that a driver saved, in order.
final class Saved: Sendable {
    private let box = Mutex<[DriverState]>([])

    var states: [DriverState] { box.withLock { $0 } }

    func save(_ state: DriverState) { box.withLock { $0.append(state) } }
}

/// Breaks the connection for good at one call, as `kill -9` would.
final class CuttingSender: HTTPSending {
    private let inner: any HTTPSending
    private let cut: Int
    private let answerIsLost: Bool
    private let count = Mutex(0)

    init(_ inner: any HTTPSending, cutting cut: Int, answerIsLost: Bool) {
        self.inner = inner
        self.cut = cut
        self.answerIsLost = answerIsLost
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let number = count.withLock { count in
            count += 1
            return count
        }
        guard number >= cut else {
            return try await inner.send(request)
        }
        if number == cut, answerIsLost {
            _ = try await inner.send(request)
        }
        throw HTTPError.connectionLost(endpoint: "provider", detail: "cut by the test")
    }
}

/// Lets some calls pass and then answers none until it is cancelled.
final class StuckSender: HTTPSending {
    private let inner: any HTTPSending
    private let passing: Int
    private let onStuck: @Sendable () -> Void
    private let count = Mutex(0)

    init(_ inner: any HTTPSending, after passing: Int, onStuck: @escaping @Sendable () -> Void) {
        self.inner = inner
        self.passing = passing
        self.onStuck = onStuck
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let number = count.withLock { count in
            count += 1
            return count
        }
        guard number > passing else {
            return try await inner.send(request)
        }
        onStuck()
        try await ContinuousClock().sleep(for: .seconds(600))
        throw CancellationError()
    }
}
