// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
internal import NIOCore
internal import SwarmCore

/// One connection to ZooKeeper with its session.
///
/// The official C client cannot be part of a static program without a C library, and brings threads
/// of its own; the few calls that discovery needs are small. One task at a time uses a session, and
/// heartbeats are sent while it waits: whoever keeps a session must call or wait more often than
/// its ``timeout``.
actor ZooKeeperSession {
    /// What a session is taken up with after its connection broke.
    struct Identity: Sendable {
        var id: Int64 = 0
        var password = [UInt8](repeating: 0, count: 16)
    }

    private enum Operation {
        static let create: Int32 = 1
        static let delete: Int32 = 2
        static let exists: Int32 = 3
        static let getData: Int32 = 4
        static let setData: Int32 = 5
        static let getChildren: Int32 = 8
        static let ping: Int32 = 11
        static let multi: Int32 = 14
        static let auth: Int32 = 100
        static let close: Int32 = -11
    }

    /// The largest answer taken, in bytes: 20,000 members with generous names.
    private static let answerLimit = 16 << 20
    static let callTimeout: Duration = .seconds(5)

    /// Identity and timeout as the server gave them.
    private(set) var identity = Identity()
    private(set) var timeout: Duration = .zero
    private let pipe: BytePipe
    private let acl: ByteBuffer
    private var input = ByteBuffer()
    private var lastID: Int32 = 0
    private var hasEvent = false

    /// Takes a connection over; ends it with the session object.
    ///
    /// - Parameters:
    ///   - pipe: connected, nothing sent.
    ///   - user: new nodes are for this user only; `nil` makes them for everybody.
    init(pipe: BytePipe, user: (name: String, password: String)?) {
        self.pipe = pipe
        var acl = ByteBuffer()
        acl.writeInteger(Int32(1))
        acl.writeInteger(Int32(31))
        // Not the scheme "auth": that would let in who has our certificate but not the password.
        acl.writeJute(user == nil ? "world" : "digest")
        acl.writeJute(
            user.map { "\($0.name):" + Base64.encode(SHA1.digest("\($0.name):\($0.password)".utf8)) } ?? "anyone"
        )
        self.acl = acl
    }

    deinit {
        pipe.close()
    }

    /// Begins a session, or takes one up again.
    ///
    /// - Throws: `ZooKeeperError.sessionExpired` when the session to take up is gone.
    func begin(_ known: Identity, timeout wanted: Duration, user: (name: String, password: String)?) async throws {
        var request = ByteBuffer()
        request.writeInteger(Int32(0))
        request.writeInteger(Int64(0))
        let milliseconds = wanted.components.seconds * 1000 + wanted.components.attoseconds / 1_000_000_000_000_000
        request.writeInteger(Int32(clamping: milliseconds))
        request.writeInteger(known.id)
        request.writeJute(bytes: known.password)
        request.writeJute(false)
        try await send(request)
        var answer = try await frame(.after(Self.callTimeout))
        _ = try answer.readJuteInt()
        let granted = try answer.readJuteInt()
        let id = try answer.readJuteLong()
        guard granted > 0, id != 0 else {
            throw ZooKeeperError.sessionExpired
        }
        timeout = .milliseconds(Int64(granted))
        identity = Identity(id: id, password: try answer.readJuteBytes())
        if let user {
            var request = ByteBuffer()
            request.writeInteger(Int32(0))
            request.writeJute("digest")
            request.writeJute(bytes: Array("\(user.name):\(user.password)".utf8))
            _ = try await call(Operation.auth, request, id: -4)
        }
    }

    // MARK: Calls

    /// Creates a node.
    ///
    /// - Throws: `ZooKeeperError.nodeExists` or `.noNode` (its folder is missing), among others.
    func create(_ path: String, _ value: String, isEphemeral: Bool) async throws {
        _ = try await call(Operation.create, createRequest(path, value, isEphemeral: isEphemeral))
    }

    /// Replaces what is in a node.
    ///
    /// - Throws: `ZooKeeperError.noNode`, among others.
    func setData(_ path: String, _ value: String) async throws {
        var request = ByteBuffer()
        request.writeJute(path)
        request.writeJute(bytes: Array(value.utf8))
        request.writeInteger(Int32(-1))
        _ = try await call(Operation.setData, request)
    }

    func delete(_ path: String) async throws {
        _ = try await call(Operation.delete, Self.deleteRequest(path))
    }

    /// Deletes a node and creates it as ours, in one step: nobody sees it missing.
    func replace(_ path: String, _ value: String) async throws {
        var request = ByteBuffer()
        for (operation, body) in [
            (Operation.delete, Self.deleteRequest(path)),
            (Operation.create, createRequest(path, value, isEphemeral: true)),
        ] {
            request.writeInteger(operation)
            request.writeJute(false)
            request.writeInteger(Int32(-1))
            request.writeImmutableBuffer(body)
        }
        request.writeInteger(Int32(-1))
        request.writeJute(true)
        request.writeInteger(Int32(-1))
        var answer = try await call(Operation.multi, request)
        // A failed multi answers with results of type -1 (error), the cause among them.
        let type = try answer.readJuteInt()
        guard type == -1 else {
            return
        }
        while answer.readableBytes >= 13 {
            _ = answer.readInteger(as: UInt8.self)
            let header = try answer.readJuteInt()
            let code = try answer.readJuteInt()
            // -2 stands for the calls that were given up because of another.
            if code != 0, code != -2 {
                throw ZooKeeperError(code: code)
            }
            _ = header
            _ = try answer.readJuteInt()
        }
    }

    /// Who owns a node and when it was made; `nil` when there is none.
    func stat(_ path: String, watches: Bool = false) async throws -> ZooKeeperStat? {
        do {
            var answer = try await call(Operation.exists, Self.request(path, watches: watches))
            return try ZooKeeperStat(reading: &answer)
        } catch ZooKeeperError.noNode {
            return nil
        }
    }

    /// What is in a node; `nil` when there is none.
    func data(_ path: String) async throws -> (value: String, stat: ZooKeeperStat)? {
        do {
            var answer = try await call(Operation.getData, Self.request(path, watches: false))
            let value = try answer.readJuteText()
            return (value, try ZooKeeperStat(reading: &answer))
        } catch ZooKeeperError.noNode {
            return nil
        }
    }

    /// The names of the nodes in a folder.
    ///
    /// - Throws: `ZooKeeperError.noNode`, among others.
    func children(_ path: String, watches: Bool) async throws -> [String] {
        var answer = try await call(Operation.getChildren, Self.request(path, watches: watches))
        let count = try answer.readJuteInt()
        var names: [String] = []
        for _ in 0..<max(0, count) {
            names.append(try answer.readJuteText())
        }
        return names
    }

    /// Ends the session, and with it its nodes.
    func end() async throws {
        _ = try await call(Operation.close, ByteBuffer())
    }

    // MARK: Waiting

    /// Waits until a watch of this session fires, at most `duration`, and keeps the session alive.
    func waitForEvent(atMost duration: Duration) async throws {
        let end = Deadline.after(duration)
        while !hasEvent, !end.hasPassed {
            do {
                try await takeEvent(frame(end.capped(at: timeout / 3)))
            } catch is DeadlineExceeded {
                _ = try await call(Operation.ping, ByteBuffer(), id: -2)
            }
        }
        hasEvent = false
    }

    private func takeEvent(_ answer: ByteBuffer) throws {
        var answer = answer
        if try answer.readJuteInt() == -1 {
            hasEvent = true
        }
    }

    // MARK: Frames

    private func call(_ operation: Int32, _ body: ByteBuffer, id special: Int32? = nil) async throws -> ByteBuffer {
        lastID = lastID == .max ? 1 : lastID + 1
        let id = special ?? lastID
        var request = ByteBuffer()
        request.writeInteger(id)
        request.writeInteger(operation)
        request.writeImmutableBuffer(body)
        try await send(request)
        let deadline = Deadline.after(Self.callTimeout)
        while true {
            var answer = try await frame(deadline)
            let answered = try answer.readJuteInt()
            if answered == -1 {
                hasEvent = true
            }
            guard answered == id else {
                continue
            }
            _ = try answer.readJuteLong()
            let code = try answer.readJuteInt()
            guard code == 0 else {
                throw ZooKeeperError(code: code)
            }
            return answer
        }
    }

    private func send(_ message: ByteBuffer) async throws {
        var length = ByteBuffer()
        length.writeInteger(Int32(clamping: message.readableBytes))
        try await pipe.write(length, message)
    }

    /// The next message, without its length.
    private func frame(_ deadline: Deadline) async throws -> ByteBuffer {
        while true {
            if let length = input.getInteger(at: input.readerIndex, as: Int32.self) {
                guard (0...Int32(Self.answerLimit)).contains(length) else {
                    throw ZooKeeperError.malformedAnswer
                }
                if input.readableBytes >= 4 + Int(length) {
                    input.moveReaderIndex(forwardBy: 4)
                    let message = input.readSlice(length: Int(length)) ?? ByteBuffer()
                    input.discardReadBytes()
                    return message
                }
            }
            let pipe = pipe
            let chunk = try await withDeadline(deadline, operation: "waiting for ZooKeeper") { try await pipe.read() }
            guard let chunk else {
                throw DockerAPIError.connectionLost(address: "ZooKeeper", reason: "the server closed it")
            }
            input.writeImmutableBuffer(chunk)
        }
    }

    private func createRequest(_ path: String, _ value: String, isEphemeral: Bool) -> ByteBuffer {
        var request = ByteBuffer()
        request.writeJute(path)
        request.writeJute(bytes: Array(value.utf8))
        request.writeImmutableBuffer(acl)
        request.writeInteger(Int32(isEphemeral ? 1 : 0))
        return request
    }

    private static func deleteRequest(_ path: String) -> ByteBuffer {
        var request = ByteBuffer()
        request.writeJute(path)
        request.writeInteger(Int32(-1))
        return request
    }

    private static func request(_ path: String, watches: Bool) -> ByteBuffer {
        var request = ByteBuffer()
        request.writeJute(path)
        request.writeJute(watches)
        return request
    }
}
