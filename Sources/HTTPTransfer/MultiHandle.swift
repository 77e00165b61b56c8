// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibcurl
internal import Dispatch

/// A curl multi handle: the set of transfers that one thread drives.
///
/// SAFETY: all methods but ``wakeUp()`` are called on the loop's thread only, and ``free()`` is the last.
/// `curl_multi_wakeup` is the one call that curl allows from any thread; the loop's lock keeps it
/// from coming after ``free()``.
@safe struct MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer

    /// Set up once for the process; curl's set-up is not safe on two threads at a time.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// `nil` when memory is out.
    static func make() -> MultiHandle? {
        guard isReady, let pointer = unsafe curl_multi_init() else {
            return nil
        }
        return unsafe MultiHandle(pointer: pointer)
    }

    func wakeUp() {
        unsafe curl_multi_wakeup(pointer)
    }

    func add(_ easy: UnsafeMutableRawPointer) {
        unsafe curl_multi_add_handle(pointer, easy)
    }

    func remove(_ easy: UnsafeMutableRawPointer) {
        unsafe curl_multi_remove_handle(pointer, easy)
    }

    /// Moves all transfers on, reports those that ended, then waits for the network, a timer or ``wakeUp()``.
    func performAndWait(_ ended: (_ easy: UnsafeMutableRawPointer, _ code: CURLcode) -> Void) {
        var running: Int32 = 0
        unsafe curl_multi_perform(pointer, &running)
        var code = CURLE_OK
        while let easy = unsafe swarmctl_multi_next_done(pointer, &code) {
            unsafe ended(easy, code)
        }
        // curl shortens the wait to its own timers; the limit only bounds what a bug there could do.
        unsafe curl_multi_poll(pointer, nil, 0, running > 0 ? 1000 : 60_000, nil)
    }

    func free() {
        unsafe curl_multi_cleanup(pointer)
    }
}

/// Runs `body` on a thread that nothing else uses.
func onOwnThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    DispatchQueue(label: name).async(execute: body)
}
