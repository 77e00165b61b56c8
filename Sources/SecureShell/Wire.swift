// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The socket of a session with a buffer in each direction, between the socket and libssh2.
///
/// libssh2 never writes to the socket itself. Were it to meet a full one in the middle of a packet,
/// it would want that very call repeated before any other on the session; with a buffer that takes
/// everything, calls for different channels need no order. The buffer is kept small by asking
/// ``hasRoom`` before channel data is written.
final class Wire {
    let socket: Int32
    /// Bytes that libssh2 took so far: whether a call made it read anything.
    private(set) var consumed = 0
    private(set) var lastReceived = ContinuousClock.now
    /// Why nothing more will be received: 0 for an orderly end, else `errno`.
    private(set) var endReason: Int32?

    private var inbound = [UInt8](repeating: 0, count: Wire.inboundLimit)
    private var inboundStart = 0
    private var inboundEnd = 0
    private var outbound: [UInt8] = []
    private var outboundStart = 0

    private static let inboundLimit = 512 << 10
    private static let outboundLimit = 1 << 20

    /// Takes over `socket`, which is closed with the wire.
    init(takingOwnershipOf socket: Int32) {
        self.socket = socket
    }

    deinit {
        close(socket)
    }

    /// Whether channel data may be written; control messages are taken in any case.
    var hasRoom: Bool { outbound.count - outboundStart < Self.outboundLimit }
    var hasOutput: Bool { outboundStart < outbound.count }
    var wantsInput: Bool { endReason == nil && inboundEnd < inbound.count }
    var isDrained: Bool { endReason != nil && inboundStart == inboundEnd }

    /// Takes what the socket has, as far as the buffer goes.
    func fill() {
        while wantsInput {
            let room = inbound.count - inboundEnd
            let count = unsafe inbound.withUnsafeMutableBytes { buffer in
                unsafe recv(socket, buffer.baseAddress.map { unsafe $0 + inboundEnd }, room, 0)
            }
            if count > 0 {
                inboundEnd += count
                lastReceived = .now
            } else if count == 0 {
                endReason = 0
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                return
            } else if errno != EINTR {
                endReason = errno
            }
        }
    }

    /// Gives the socket what it takes; returns whether room was made where there had been none.
    func flush() -> Bool {
        let hadRoom = hasRoom
        while hasOutput {
            let count = unsafe outbound.withUnsafeBytes { buffer in
                unsafe send(
                    socket,
                    buffer.baseAddress.map { unsafe $0 + outboundStart },
                    outbound.count - outboundStart,
                    SystemSocket.noSignal
                )
            }
            if count > 0 {
                outboundStart += count
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN || errno == EWOULDBLOCK {
                break
            } else {
                endReason = endReason ?? errno
                outboundStart = outbound.count
            }
        }
        if outboundStart == outbound.count {
            outbound.removeAll(keepingCapacity: true)
            outboundStart = 0
        } else if outboundStart > Self.outboundLimit {
            outbound.removeFirst(outboundStart)
            outboundStart = 0
        }
        return !hadRoom && hasRoom
    }

    /// Drops what was received and receives nothing more.
    func end() {
        endReason = endReason ?? 0
        inboundStart = 0
        inboundEnd = 0
    }

    /// For libssh2: received bytes, 0 at the end, or the negative `errno`.
    fileprivate func read(into buffer: UnsafeMutableRawPointer, count: Int) -> Int {
        let available = min(count, inboundEnd - inboundStart)
        guard available > 0 else {
            switch endReason {
            case nil: return -Int(EAGAIN)
            case 0: return 0
            case .some(let code): return -Int(code)
            }
        }
        unsafe inbound.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else {
                return
            }
            unsafe buffer.copyMemory(from: start + inboundStart, byteCount: available)
        }
        inboundStart += available
        consumed += available
        if inboundStart == inboundEnd {
            inboundStart = 0
            inboundEnd = 0
        } else if inboundEnd == inbound.count {
            inbound.replaceSubrange(0..<inboundEnd - inboundStart, with: inbound[inboundStart..<inboundEnd])
            inboundEnd -= inboundStart
            inboundStart = 0
        }
        return available
    }

    /// For libssh2: takes everything.
    fileprivate func write(_ bytes: UnsafeRawBufferPointer) {
        unsafe outbound.append(contentsOf: bytes)
    }
}

/// What libssh2 calls instead of `recv`; `context` points to the unretained ``Wire``.
///
/// The agent's socket goes through here too, and is served directly.
func receiveForLibrary(
    socket: Int32,
    buffer: UnsafeMutableRawPointer?,
    count: Int,
    flags: Int32,
    context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int {
    guard let buffer = unsafe buffer, let pointer = unsafe context?.pointee else {
        return -Int(EINVAL)
    }
    // SAFETY: `SessionCore` frees the session, the only caller, before it lets go of the wire.
    let wire = unsafe Unmanaged<Wire>.fromOpaque(pointer).takeUnretainedValue()
    guard socket == wire.socket else {
        let received = unsafe recv(socket, buffer, count, flags)
        return received < 0 ? -Int(errno) : received
    }
    return unsafe wire.read(into: buffer, count: count)
}

/// What libssh2 calls instead of `send`; as ``receiveForLibrary(socket:buffer:count:flags:context:)``.
func sendForLibrary(
    socket: Int32,
    buffer: UnsafeRawPointer?,
    count: Int,
    flags: Int32,
    context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int {
    guard let pointer = unsafe context?.pointee else {
        return -Int(EINVAL)
    }
    // SAFETY: as above.
    let wire = unsafe Unmanaged<Wire>.fromOpaque(pointer).takeUnretainedValue()
    guard socket == wire.socket else {
        let sent = unsafe send(socket, buffer, count, flags | SystemSocket.noSignal)
        return sent < 0 ? -Int(errno) : sent
    }
    unsafe wire.write(UnsafeRawBufferPointer(start: buffer, count: count))
    return count
}
