// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What is wrong with an engine.
enum EngineFault: Sendable, Equatable {
    case none
    /// Answers come that late.
    case slow(TimeAmount)
    /// Connections are closed as soon as they are there.
    case cut
    /// Connections are taken, and nothing is answered.
    case frozen
    /// Answers are no HTTP.
    case garbage
}

/// A container of a simulated engine.
struct SimulatedContainer: Sendable {
    let id: String
    let name: String
    let image: String
    let port: Int
    let memory: Int
    /// Seconds after the beginning of a day.
    var second = 0
    var state = "running"
    var started = "2026-01-10T08:30:12.912345678Z"

    /// In the order of ``EngineDocuments/containerPlaces``.
    var values: [String] {
        let tier = port % 3 == 0 ? "web" : port % 3 == 1 ? "db" : "cache"
        return [
            id, name, image, state, state == "running" ? "Up 2 days" : "Exited (0) 2 days ago", String(port), tier,
            String(1_768_003_200 + second), "\(port / 250 % 250).\(port % 250)", String(memory),
            "2026-01-10T\(Self.two(second / 3600)):\(Self.two(second / 60 % 60)):\(Self.two(second % 60)).345678901Z",
            started,
        ]
    }
}

extension SimulatedContainer {
    fileprivate static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// This instant, as engines write it.
    static func now() -> String {
        let nanoseconds = SystemTime.nanoseconds()
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let day = "\(parts.tm_year + 1900)-\(two(Int(parts.tm_mon) + 1))-\(two(Int(parts.tm_mday)))"
        let fraction = String(nanoseconds % 1_000_000_000 + 1_000_000_000).dropFirst()
        return "\(day)T\(two(Int(parts.tm_hour))):\(two(Int(parts.tm_min))):\(two(Int(parts.tm_sec))).\(fraction)Z"
    }
}

/// One engine's containers, and the events about them.
final class SimulatedEngine: Sendable {
    private struct State {
        var containers: [String: SimulatedContainer] = [:]
        var idsByName: [String: String] = [:]
        var fault = EngineFault.none
        var connections: [ObjectIdentifier: any Channel] = [:]
        var listeners: [ObjectIdentifier: any Channel] = [:]
        var created = 0
        var text = ByteBuffer()
    }

    let number: Int
    private let imageCount: Int
    private let state = Mutex(State())

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - number: among the engines; its name and its containers' ids follow from it.
    ///   - running: containers that it has.
    ///   - stopped: containers that it has beside those.
    ///   - images: that it has.
    init(number: Int, running: Int, stopped: Int = 0, images: Int = 9) {
        self.number = number
        imageCount = max(1, images)
        state.withLock { state in
            for index in 0..<(running + stopped) {
                var container = SimulatedContainer(
                    id: Self.id(number, index),
                    name: "service-\(number)-\(index)",
                    image: "redis:latest",
                    port: 20_000 + index % 40_000,
                    memory: 64 << 20
                )
                container.state = index < running ? "running" : "exited"
                container.second = (number * 7919 + index * 10_007) % 86_400
                state.containers[container.id] = container
                state.idsByName[container.name] = container.id
            }
        }
    }

    /// What the engine answers to `GET /text`.
    var text: ByteBuffer { state.withLock { $0.text } }

    func setText(_ bytes: [UInt8]) {
        state.withLock { $0.text = ByteBuffer(bytes: bytes) }
    }

    /// 64 hexadecimal digits that look like chance and are the same each time.
    static func id(_ engine: Int, _ index: Int, salt: UInt64 = 0) -> String {
        var seed = UInt64(engine) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(index) &* 0xD1B5_4A32_D192_ED03 ^ salt
        return (0..<4).map { _ in
            seed = (seed ^ (seed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            seed = (seed ^ (seed >> 27)) &* 0x94D0_49BB_1331_11EB
            seed ^= seed >> 31
            let digits = String(seed, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    var name: String { "node-\(number)" }

    // MARK: Connections and faults

    var fault: EngineFault { state.withLock { $0.fault } }
    var containerIDs: [String] { state.withLock { Array($0.containers.keys) } }
    var containerCount: Int { state.withLock { $0.containers.count } }
    var connectionCount: Int { state.withLock { $0.connections.count } }

    /// Sets the fault; ``EngineFault/cut`` closes all connections.
    func setFault(_ fault: EngineFault) {
        let channels = state.withLock { state in
            state.fault = fault
            return fault == .cut ? Array(state.connections.values) : []
        }
        for channel in channels {
            channel.close(promise: nil)
        }
    }

    func opened(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        let isCut = state.withLock { state in
            state.connections[key] = channel
            return state.fault == .cut
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.connections[key] = nil
                state.listeners[key] = nil
            }
        }
        if isCut {
            channel.close(promise: nil)
        }
    }

    func listen(_ channel: any Channel) {
        state.withLock { $0.listeners[ObjectIdentifier(channel)] = channel }
    }

    // MARK: Events

    /// Sends an event about a container to all who listen.
    func emit(_ action: String, _ container: SimulatedContainer) {
        let listeners = state.withLock { Array($0.listeners.values) }
        guard !listeners.isEmpty else {
            return
        }
        let nanoseconds = SystemTime.nanoseconds()
        var line = ByteBuffer()
        EngineDocuments.event.write(
            [
                action, container.id, container.image, container.name, String(nanoseconds / 1_000_000_000),
                String(nanoseconds),
            ],
            to: &line
        )
        line.writeString("\n")
        var chunk = ByteBuffer(string: String(line.readableBytes, radix: 16) + "\r\n")
        chunk.writeBuffer(&line)
        chunk.writeString("\r\n")
        for listener in listeners {
            listener.writeAndFlush(chunk, promise: nil)
        }
    }

    /// Sends an event that changes nothing about its first container.
    func emitMarker(_ action: String) {
        if let container = state.withLock({ $0.containers.values.first }) {
            emit(action, container)
        }
    }

    // MARK: Containers

    func container(_ reference: String) -> SimulatedContainer? {
        state.withLock { state in
            state.containers[reference] ?? state.idsByName[reference].flatMap { state.containers[$0] }
        }
    }

    /// `nil` when the name is taken.
    func create(name: String, body: JSON?) -> SimulatedContainer? {
        let made = state.withLock { state -> SimulatedContainer? in
            guard state.idsByName[name] == nil else {
                return nil
            }
            state.created += 1
            let id = Self.id(number, state.created, salt: 0xC0FF_EE00_0000_0000)
            var container = SimulatedContainer(
                id: id,
                name: name.isEmpty ? String(id.prefix(12)) : name,
                image: body?["Image"]?.string ?? "redis:latest",
                port: 30_000 + state.created % 30_000,
                memory: body?["HostConfig"]?["Memory"]?.int ?? 0
            )
            container.state = "created"
            container.second = state.created % 86_400
            state.containers[id] = container
            state.idsByName[container.name] = id
            return container
        }
        if let made {
            emit("create", made)
        }
        return made
    }

    /// Puts a container into a state; false when there is none.
    func change(_ reference: String, to newState: String, action: String) -> Bool {
        let changed = state.withLock { state -> SimulatedContainer? in
            let id = state.containers[reference]?.id ?? state.idsByName[reference] ?? ""
            state.containers[id]?.state = newState
            if newState == "running" {
                state.containers[id]?.started = SimulatedContainer.now()
            }
            return state.containers[id]
        }
        if let changed {
            emit(action, changed)
        }
        return changed != nil
    }

    func remove(_ reference: String) -> Bool {
        let removed = state.withLock { state -> SimulatedContainer? in
            let id = state.containers[reference]?.id ?? state.idsByName[reference] ?? ""
            let container = state.containers.removeValue(forKey: id)
            if let container {
                state.idsByName[container.name] = nil
            }
            return container
        }
        if let removed {
            emit("destroy", removed)
        }
        return removed != nil
    }

    // MARK: Documents

    /// `GET /containers/json`; all of them, or those with the ids.
    func list(ids: [String]?) -> ByteBuffer {
        let found = state.withLock { state in
            ids.map { $0.compactMap { state.containers[$0] } } ?? Array(state.containers.values)
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(found.count * 1024 + 16)
        write(found, to: &buffer) { EngineDocuments.summary.write($0.values, to: &$1) }
        return buffer
    }

    func info() -> ByteBuffer {
        var buffer = ByteBuffer()
        EngineDocuments.info.write(
            [
                "ID\(number)", name, number % 3 == 0 ? "disk" : "ssd", number % 2 == 0 ? "eu-west" : "us-east",
                "r\(number % 40)", String(containerCount), String(imageCount),
            ],
            to: &buffer
        )
        return buffer
    }

    func images() -> ByteBuffer {
        var buffer = ByteBuffer()
        write(Array(0..<imageCount), to: &buffer) { index, buffer in
            // All engines have the first ones; one in a hundred has each of the others.
            let tag = index == 0 ? "redis" : index < 9 ? "app-\(index)" : "build-\(number % 100)-\(index)"
            EngineDocuments.image.write([Self.id(index < 9 ? 0 : number % 100, index, salt: 7), tag], to: &buffer)
        }
        return buffer
    }

    func networks() -> ByteBuffer {
        var buffer = ByteBuffer()
        write(["bridge", "host", "none"], to: &buffer) { name, buffer in
            let driver = name == "none" ? "null" : name
            EngineDocuments.network.write([Self.id(number, name.utf8.count, salt: 9), name, driver], to: &buffer)
        }
        return buffer
    }

    func volumes() -> ByteBuffer {
        var buffer = ByteBuffer(string: #"{"Volumes":"#)
        write([0, 1], to: &buffer) { EngineDocuments.volume.write(["data-\(self.number)-\($0)"], to: &$1) }
        buffer.writeString(#","Warnings":null}"#)
        return buffer
    }

    private func write<Element>(
        _ elements: [Element],
        to buffer: inout ByteBuffer,
        _ body: (Element, inout ByteBuffer) -> Void
    ) {
        buffer.writeString("[")
        for (index, element) in elements.enumerated() {
            if index > 0 {
                buffer.writeString(",")
            }
            body(element, &buffer)
        }
        buffer.writeString("]")
    }
}
