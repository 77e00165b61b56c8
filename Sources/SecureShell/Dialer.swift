// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import SwarmCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Connects to the first of several addresses that answers.
///
/// The next address is tried a quarter of a second after the one before, or as soon as that one
/// failed (RFC 8305), so that a family that leads nowhere costs little.
final class Dialer: LoopService {
    private let endpoint: SSHEndpoint
    private var addresses: [[UInt8]]
    private var pending: Set<Int32> = []
    private var failures: [Int32] = []
    private var nextStart = Deadline.after(.zero)
    private var answer: ((Result<Int32, SSHError>) -> Void)?

    init(
        endpoint: SSHEndpoint,
        addresses: [[UInt8]],
        answer: @escaping (Result<Int32, SSHError>) -> Void
    ) {
        self.endpoint = endpoint
        self.addresses = addresses
        self.answer = answer
    }

    var interests: [Interest] { pending.map(Interest.write) }
    var nextWake: Deadline? { addresses.isEmpty ? nil : nextStart }

    func step(_ core: SessionCore, ready: inout [Int32: Int16]) -> Bool {
        for file in pending {
            guard let events = ready.removeValue(forKey: file), events & PollEvents.writable != 0 else {
                continue
            }
            let code = SystemSocket.pendingError(file)
            guard code != 0 else {
                pending.remove(file)
                SystemSocket.setNoDelay(file)
                return finish(.success(file))
            }
            pending.remove(file)
            close(file)
            failures.append(code)
            nextStart = .after(.zero)
        }
        while !addresses.isEmpty, nextStart.hasPassed {
            start(addresses.removeFirst())
        }
        return pending.isEmpty && addresses.isEmpty ? finish(.failure(worstFailure())) : true
    }

    func end(_ error: SSHError) {
        _ = finish(.failure(error))
    }

    private func start(_ address: [UInt8]) {
        let (file, code) = unsafe address.withUnsafeBytes { bytes -> (Int32, Int32) in
            guard let pointer = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return (-1, EINVAL)
            }
            let file = socket(Int32(unsafe pointer.pointee.sa_family), SystemSocket.stream, 0)
            guard file >= 0 else {
                return (-1, errno)
            }
            SystemSocket.prepare(file)
            return unsafe (file, connect(file, pointer, socklen_t(bytes.count)) == 0 ? 0 : errno)
        }
        if code == 0 || code == EINPROGRESS {
            pending.insert(file)
            nextStart = .after(.milliseconds(250))
        } else {
            failures.append(code)
            if file >= 0 {
                close(file)
            }
        }
    }

    private func finish(_ result: Result<Int32, SSHError>) -> Bool {
        for file in pending {
            close(file)
        }
        pending = []
        addresses = []
        answer?(result)
        answer = nil
        return false
    }

    /// The failure that says most: a refusal means that the host is there.
    private func worstFailure() -> SSHError {
        if failures.contains(ECONNREFUSED) {
            return .refused(endpoint)
        }
        if failures.contains(ETIMEDOUT) {
            return .timedOut(endpoint, stage: .connect)
        }
        guard let code = failures.first, ![EHOSTUNREACH, ENETUNREACH].contains(code) else {
            return .noRoute(endpoint)
        }
        return .unreachable(endpoint, detail: SystemSocket.text(code))
    }
}

/// The answer of the resolver, awaited on a session's thread.
private final class Resolution: Sendable {
    let result = Mutex<Result<[[UInt8]], SSHError>?>(nil)
}

extension SessionLoop {
    /// Connects to the endpoint and makes the session on the socket.
    func dial(deadline: Deadline) async throws {
        let endpoint = endpoint
        let resolution = Resolution()
        // A resolver cannot be interrupted: it keeps its thread past the deadline, and nobody waits.
        DispatchQueue.global().async { [self] in
            let found = Result { () throws(SSHError) in try resolve(endpoint) }
            resolution.result.withLock { $0 = found }
            submit { _ in }
        }
        let addresses: [[UInt8]] = try await perform(deadline: deadline, stage: .connect) { _ in
            guard let result = resolution.result.withLock({ $0 }) else {
                return .blocked
            }
            return .done(try result.get())
        }
        let outcome = Resolved()
        submit { core in
            core.add(Dialer(endpoint: endpoint, addresses: addresses) { result in outcome.set(result) })
        }
        try await perform(deadline: deadline, stage: .connect) { core -> Progress<Void> in
            guard let socket = try outcome.take() else {
                return .blocked
            }
            try core.adopt(socket: socket)
            return .done(())
        }
    }
}

/// The outcome of a dial; closes a socket that nobody took.
private final class Resolved: Sendable {
    private let result = Mutex<Result<Int32, SSHError>?>(nil)

    func set(_ result: Result<Int32, SSHError>) {
        self.result.withLock { $0 = result }
    }

    func take() throws(SSHError) -> Int32? {
        let taken = result.withLock { result in
            defer { result = nil }
            return result
        }
        return try taken?.get()
    }

    deinit {
        if case .success(let file)? = result.withLock({ $0 }) {
            close(file)
        }
    }
}

/// The socket addresses of a host, in the resolver's order.
private func resolve(_ endpoint: SSHEndpoint) throws(SSHError) -> [[UInt8]] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = SystemSocket.stream
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list)
    guard code == 0 else {
        throw .noSuchHost(host: endpoint.host, detail: unsafe String(cString: gai_strerror(code)))
    }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [[UInt8]] = []
    var next = unsafe list
    while let entry = unsafe next {
        let size = Int(unsafe entry.pointee.ai_addrlen)
        addresses.append(unsafe Array(UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: size)))
        unsafe next = entry.pointee.ai_next
    }
    return addresses
}
