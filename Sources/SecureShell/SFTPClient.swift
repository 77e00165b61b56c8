// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// One SFTP subsystem on a channel of its own, used by one task.
///
/// Requests may be sent ahead of the answers; the answers come in any order and are kept until
/// somebody asks for them.
struct SFTPClient {
    let endpoint: SSHEndpoint
    private let channel: SSHChannel
    private let deadline: Deadline
    private var buffer: [UInt8] = []
    private var replies: [UInt32: SFTPReply] = [:]
    private var nextID: UInt32 = 0
    private(set) var extensions: Set<String> = []
    /// How many pieces of a file may wait for their answers.
    let piecesAhead: Int

    /// In bytes; servers send no packet beyond 256 KiB.
    private static let packetLimit = 512 << 10

    /// - Throws: ``SSHError/channelRefused(_:operation:detail:)`` when the host has no SFTP server.
    init(on loop: SessionLoop, deadline: Deadline) async throws {
        endpoint = loop.endpoint
        self.deadline = deadline
        let roundTrip = try await loop.perform(deadline: deadline, stage: .transfer) { core -> Progress<Duration?> in
            .done(core.wire.flatMap { SystemSocket.roundTrip($0.socket) })
        }
        piecesAhead = TransferWindow.pieces(roundTrip: roundTrip)
        channel = try await SSHChannel.open(.session, on: loop, deadline: deadline)
        try await channel.start("subsystem", "sftp", deadline: deadline)
        // SSH_FXP_INIT, version 3.
        try await channel.write([0, 0, 0, 5, 1, 0, 0, 0, 3], stage: .transfer, deadline: deadline)
        var reader = WireReader(try await nextPacket())
        guard reader.byte() == 2, reader.number() != nil else {
            throw damaged()
        }
        while let name = reader.text(), reader.string() != nil {
            extensions.insert(name)
        }
    }

    /// Sends a request without waiting, and returns its number.
    mutating func send(_ request: SFTPRequest) async throws -> UInt32 {
        nextID &+= 1
        try await channel.write(request.encoded(id: nextID), stage: .transfer, deadline: deadline)
        return nextID
    }

    /// Waits for the answer to the request with the number.
    mutating func reply(to id: UInt32) async throws -> SFTPReply {
        while true {
            if let reply = replies.removeValue(forKey: id) {
                return reply
            }
            guard let (id, reply) = SFTPReply.decode(try await nextPacket()) else {
                throw damaged()
            }
            replies[id] = reply
        }
    }

    /// Sends a request and waits for its answer.
    mutating func ask(_ request: SFTPRequest) async throws -> SFTPReply {
        try await reply(to: send(request))
    }

    /// Sends a request whose only good answer is "done".
    mutating func command(_ request: SFTPRequest, _ action: String, _ path: String) async throws {
        let reply = try await ask(request)
        guard reply == .status(code: 0, message: "") || reply.isSuccess else {
            throw failure(reply, action, path)
        }
    }

    /// The handle of a file or folder that is opened.
    mutating func open(_ request: SFTPRequest, _ action: String, _ path: String) async throws -> [UInt8] {
        let reply = try await ask(request)
        guard case .handle(let handle) = reply else {
            throw failure(reply, action, path)
        }
        return handle
    }

    /// What is at `path`, links followed; nil when nothing is.
    mutating func attributes(of path: String) async throws -> SFTPAttributes? {
        switch try await ask(.status(path: path)) {
        case .attributes(let attributes): attributes
        case .status(code: 2, _): nil
        case let reply: throw failure(reply, "look at", path)
        }
    }

    /// The failure that an answer other than the hoped-for one means.
    func failure(_ reply: SFTPReply, _ action: String, _ path: String) -> SSHError {
        guard case .status(let code, let message) = reply else {
            return damaged()
        }
        let problem: SSHError.RemoteFileProblem =
            switch code {
            case 2: .notFound
            case 3: .denied
            default: .failed(detail: message.isEmpty ? "the SFTP server gives status \(code)" : message)
            }
        return .remoteFile(endpoint, action: action, path: path, problem)
    }

    /// Whether the disk of `path` is full, which the protocol reports like any other failure.
    mutating func isDiskFull(_ path: String) async throws -> Bool {
        guard extensions.contains("statvfs@openssh.com"),
            case .extended(let body) = try await ask(.fileSystemStatus(path: path))
        else {
            return false
        }
        var reader = WireReader(body)
        // Block size, fragment size, blocks, free blocks, free blocks for users.
        var numbers: [UInt64] = []
        while numbers.count < 8, let number = reader.longNumber() {
            numbers.append(number)
        }
        // The last ones are inodes: all, free.
        return numbers.count == 8 && (numbers[4] == 0 || (numbers[5] > 0 && numbers[6] == 0))
    }

    private mutating func nextPacket() async throws -> [UInt8] {
        while true {
            if let packet = try takePacket() {
                return packet
            }
            switch try await channel.read(stage: .transfer, deadline: deadline) {
            case .standardOutput(let bytes): buffer += bytes
            case .standardError: continue
            case nil:
                throw SSHError.channelRefused(endpoint, operation: "transfer a file", detail: "its SFTP server ended")
            }
        }
    }

    private mutating func takePacket() throws -> [UInt8]? {
        guard buffer.count >= 4 else {
            return nil
        }
        let size = buffer.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard size > 0, size <= Self.packetLimit else {
            throw damaged()
        }
        guard buffer.count >= 4 + size else {
            return nil
        }
        let packet = Array(buffer[4..<4 + size])
        buffer.removeFirst(4 + size)
        return packet
    }

    private func damaged() -> SSHError {
        .channelRefused(endpoint, operation: "transfer a file", detail: "its SFTP server sends damaged packets")
    }
}

extension SFTPReply {
    var isSuccess: Bool {
        if case .status(code: 0, _) = self {
            return true
        }
        return false
    }
}
