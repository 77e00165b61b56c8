// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibcurl
internal import Synchronization

/// Runs transfers: one curl multi handle on a thread of its own.
///
/// Other threads only leave commands and wake it up. It begins with the first request and ends after ``stop()``.
final class TransferLoop: Sendable {
    enum Command: Sendable {
        case start(HTTPRequest, TransferPipe)
        case resume(TransferPipe)
        case cancel(TransferPipe)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopped = false
        /// While the thread runs.
        var multi: MultiHandle?
    }

    private let inbox = Mutex(Inbox())

    func start(_ request: HTTPRequest, _ pipe: TransferPipe) { post(.start(request, pipe)) }

    /// Lets a paused transfer go on; one that is over stays as it is.
    func resume(_ pipe: TransferPipe) { post(.resume(pipe)) }

    /// Ends a transfer; one that is over stays as it is.
    func cancel(_ pipe: TransferPipe) {
        pipe.cancel()
        post(.cancel(pipe))
    }

    /// Ends all transfers and the thread.
    func stop() {
        inbox.withLock { inbox in
            inbox.isStopped = true
            inbox.multi?.wakeUp()
        }
    }

    private func post(_ command: Command) {
        let failed = inbox.withLock { inbox in
            inbox.commands.append(command)
            if inbox.multi == nil {
                inbox.multi = launch()
            }
            // Under the lock, so that the thread cannot free the handle at the same time.
            inbox.multi?.wakeUp()
            return inbox.multi == nil
        }
        if failed, case .start(_, let pipe) = command {
            pipe.finish(.failure(HTTPError.library(endpoint: pipe.endpoint, code: 27, detail: "out of memory")))
        }
    }

    private func launch() -> MultiHandle? {
        guard let multi = MultiHandle.make() else {
            return nil
        }
        onOwnThread(named: "swarmctl.http") {
            var transfers: [ObjectIdentifier: Transfer] = [:]
            while self.work(multi, &transfers) {
                unsafe multi.performAndWait { easy, code in
                    guard let transfer = unsafe Transfer.of(easy) else {
                        return
                    }
                    self.end(transfer, code, multi, &transfers)
                }
            }
            self.close(multi, transfers)
        }
        return multi
    }

    /// Carries out what was asked for; false when the loop shall end.
    private func work(_ multi: MultiHandle, _ transfers: inout [ObjectIdentifier: Transfer]) -> Bool {
        let (commands, isStopped) = inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return (inbox.commands, inbox.isStopped)
        }
        for command in commands {
            switch command {
            case .start(let request, let pipe): begin(request, pipe, multi, &transfers)
            case .resume(let pipe): transfers[ObjectIdentifier(pipe)]?.resume()
            case .cancel(let pipe):
                guard let transfer = transfers.removeValue(forKey: ObjectIdentifier(pipe)) else {
                    continue
                }
                transfer.remove(from: multi)
                pipe.finish(.failure(CancellationError()))
            }
        }
        return !isStopped
    }

    private func begin(
        _ request: HTTPRequest,
        _ pipe: TransferPipe,
        _ multi: MultiHandle,
        _ transfers: inout [ObjectIdentifier: Transfer]
    ) {
        guard !pipe.isCancelled else {
            return pipe.finish(.failure(CancellationError()))
        }
        do throws(HTTPError) {
            let transfer = try Transfer(request, pipe)
            transfers[ObjectIdentifier(pipe)] = transfer
            transfer.add(to: multi)
        } catch {
            pipe.finish(.failure(error))
        }
    }

    private func end(
        _ transfer: Transfer,
        _ code: CURLcode,
        _ multi: MultiHandle,
        _ transfers: inout [ObjectIdentifier: Transfer]
    ) {
        let outcome = transfer.outcome(code)
        transfer.remove(from: multi)
        transfers[ObjectIdentifier(transfer.pipe)] = nil
        transfer.pipe.finish(outcome)
    }

    private func close(_ multi: MultiHandle, _ transfers: [ObjectIdentifier: Transfer]) {
        let left = inbox.withLock { inbox in
            inbox.multi = nil
            defer { inbox.commands = [] }
            return inbox.commands
        }
        for transfer in transfers.values {
            transfer.remove(from: multi)
            transfer.pipe.finish(.failure(CancellationError()))
        }
        for case .start(_, let pipe) in left {
            pipe.finish(.failure(CancellationError()))
        }
        multi.free()
    }
}
