// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The packets of the SSH file transfer protocol, version 3, that are used here.
///
/// libssh2's own client lacks `posix-rename`, and hides that a disk is full.
enum SFTPRequest: Equatable {
    case open(path: String, flags: UInt32, mode: UInt32)
    case close(handle: [UInt8])
    case read(handle: [UInt8], offset: UInt64, count: UInt32)
    case write(handle: [UInt8], offset: UInt64, bytes: [UInt8])
    case status(path: String)
    case setMode(path: String, UInt32)
    case openFolder(path: String)
    case readFolder(handle: [UInt8])
    case remove(path: String)
    case makeFolder(path: String, mode: UInt32)
    case rename(from: String, to: String)
    /// `posix-rename@openssh.com`: replaces what is there.
    case replace(from: String, to: String)
    case sync(handle: [UInt8])
    case fileSystemStatus(path: String)

    /// The packet with its length, as it goes over the channel.
    func encoded(id: UInt32) -> [UInt8] {
        var body = WireWriter()
        body.append(byte: type)
        body.append(id)
        appendFields(to: &body)
        var packet = WireWriter()
        packet.append(body.bytes)
        return packet.bytes
    }

    private var type: UInt8 {
        switch self {
        case .open: 3
        case .close: 4
        case .read: 5
        case .write: 6
        case .setMode: 9
        case .openFolder: 11
        case .readFolder: 12
        case .remove: 13
        case .makeFolder: 14
        case .status: 17
        case .rename: 18
        case .replace, .sync, .fileSystemStatus: 200
        }
    }

    private func appendFields(to body: inout WireWriter) {
        switch self {
        case .open(let path, let flags, let mode):
            body.append(path)
            body.append(flags)
            SFTPAttributes.appendMode(mode, to: &body)
        case .close(let handle), .readFolder(let handle):
            body.append(handle)
        case .read(let handle, let offset, let count):
            body.append(handle)
            body.append(offset)
            body.append(count)
        case .write(let handle, let offset, let bytes):
            body.append(handle)
            body.append(offset)
            body.append(bytes)
        case .status(let path), .openFolder(let path), .remove(let path):
            body.append(path)
        case .setMode(let path, let mode), .makeFolder(let path, let mode):
            body.append(path)
            SFTPAttributes.appendMode(mode, to: &body)
        case .rename(let from, let to):
            body.append(from)
            body.append(to)
        case .replace(let from, let to):
            body.append("posix-rename@openssh.com")
            body.append(from)
            body.append(to)
        case .sync(let handle):
            body.append("fsync@openssh.com")
            body.append(handle)
        case .fileSystemStatus(let path):
            body.append("statvfs@openssh.com")
            body.append(path)
        }
    }
}

/// An answer, without its number.
enum SFTPReply: Equatable {
    case status(code: UInt32, message: String)
    case handle([UInt8])
    case data([UInt8])
    case names([SFTPEntry])
    case attributes(SFTPAttributes)
    case extended([UInt8])

    /// Reads a packet without its length; nil when it is damaged.
    static func decode(_ packet: [UInt8]) -> (id: UInt32, reply: SFTPReply)? {
        var reader = WireReader(packet)
        guard let type = reader.byte(), let id = reader.number() else {
            return nil
        }
        let reply: SFTPReply?
        switch type {
        case 101: reply = reader.number().map { .status(code: $0, message: reader.text() ?? "") }
        case 102: reply = reader.string().map { .handle($0) }
        case 103: reply = reader.string().map { .data($0) }
        case 104: reply = names(&reader).map { .names($0) }
        case 105: reply = SFTPAttributes(&reader).map { .attributes($0) }
        case 201: reply = .extended(Array(packet.dropFirst(5)))
        default: reply = nil
        }
        return reply.map { (id, $0) }
    }

    private static func names(_ reader: inout WireReader) -> [SFTPEntry]? {
        guard let count = reader.number() else {
            return nil
        }
        var entries: [SFTPEntry] = []
        for _ in 0..<count {
            guard let name = reader.text(), reader.string() != nil, let attributes = SFTPAttributes(&reader) else {
                return nil
            }
            entries.append(SFTPEntry(name: name, attributes: attributes))
        }
        return entries
    }
}

/// A name in a folder.
struct SFTPEntry: Equatable, Sendable {
    var name: String
    var attributes: SFTPAttributes
}

/// What is known of a file; what the server did not send is nil.
struct SFTPAttributes: Equatable, Sendable {
    var size: UInt64?
    /// Type and permission bits, as in `st_mode`.
    var mode: UInt32?

    init(size: UInt64? = nil, mode: UInt32? = nil) {
        self.size = size
        self.mode = mode
    }

    init?(_ reader: inout WireReader) {
        guard let flags = reader.number() else {
            return nil
        }
        if flags & 1 != 0 {
            size = reader.longNumber()
        }
        if flags & 2 != 0, reader.number() == nil || reader.number() == nil {
            return nil
        }
        if flags & 4 != 0 {
            mode = reader.number()
        }
        if flags & 8 != 0, reader.number() == nil || reader.number() == nil {
            return nil
        }
        guard flags & 0x8000_0000 != 0 else {
            return
        }
        for _ in 0..<(reader.number() ?? 0) {
            guard reader.string() != nil, reader.string() != nil else {
                return nil
            }
        }
    }

    var isFolder: Bool { mode.map { $0 & 0o170000 == 0o040000 } ?? false }
    var isFile: Bool { mode.map { $0 & 0o170000 == 0o100000 } ?? false }
    var isLink: Bool { mode.map { $0 & 0o170000 == 0o120000 } ?? false }
    var permissions: UInt32? { mode.map { $0 & 0o7777 } }

    static func appendMode(_ mode: UInt32, to body: inout WireWriter) {
        body.append(UInt32(4))
        body.append(mode)
    }
}
