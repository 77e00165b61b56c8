// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibcurl

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One transfer that runs: its curl handle, what it sends, and the pipe for what it receives.
///
/// Lives on the loop's thread only. While it is in the multi handle, curl holds an unowned pointer
/// to it, which the loop's table keeps valid.
final class Transfer {
    let pipe: TransferPipe
    private let easy: EasyHandle
    private let upload: UploadSource
    private var head = HeadReader()
    /// Set when a callback of ours ended the transfer.
    private var failure: HTTPError?

    /// - Throws: ``HTTPError/badURL(_:)``, ``HTTPError/file(_:)`` or ``HTTPError/library(endpoint:code:detail:)``.
    init(_ request: HTTPRequest, _ pipe: TransferPipe) throws(HTTPError) {
        self.pipe = pipe
        upload = try UploadSource(request.body)
        guard var easy = EasyHandle() else {
            throw .library(endpoint: pipe.endpoint, code: 27, detail: "out of memory")
        }
        easy.configure(for: request, uploadSize: upload.size)
        head.followsRedirects = request.redirectLimit > 0
        self.easy = easy
        installCallbacks()
    }

    /// The transfer to which a curl handle belongs.
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        unsafe swarmctl_easy_private(easy).map { unsafe of(context: $0) }
    }

    func add(to multi: MultiHandle) {
        unsafe multi.add(easy.pointer)
    }

    func remove(from multi: MultiHandle) {
        unsafe multi.remove(easy.pointer)
    }

    func resume() {
        unsafe curl_easy_pause(easy.pointer, CURLPAUSE_CONT)
    }

    /// The result of the transfer, given curl's.
    func outcome(_ code: CURLcode) -> Result<Void, any Error> {
        if let failure {
            return .failure(failure)
        }
        guard code != CURLE_OK else {
            return .success(())
        }
        return .failure(HTTPError(CurlFailure(code, easy), endpoint: pipe.endpoint))
    }

    private func installCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe swarmctl_easy_set_pointer(easy.pointer, CURLOPT_PRIVATE, context)
        unsafe swarmctl_easy_set_data_callback(easy.pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else {
                return 0
            }
            let received = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe Transfer.of(context: context).take(body: Array(received))
        }
        unsafe swarmctl_easy_set_pointer(easy.pointer, CURLOPT_WRITEDATA, context)
        unsafe swarmctl_easy_set_data_callback(easy.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else {
                return 0
            }
            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe Transfer.of(context: context).take(headerLine: Array(line))
        }
        unsafe swarmctl_easy_set_pointer(easy.pointer, CURLOPT_HEADERDATA, context)
        unsafe swarmctl_easy_set_data_callback(easy.pointer, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else {
                return swarmctl_readfunc_abort
            }
            let room = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
            return unsafe Transfer.of(context: context).give(to: room)
        }
        unsafe swarmctl_easy_set_pointer(easy.pointer, CURLOPT_READDATA, context)
        unsafe swarmctl_easy_set_seek_callback(easy.pointer) { context, offset, origin in
            guard let context = unsafe context, origin == SEEK_SET else {
                return CURL_SEEKFUNC_FAIL
            }
            return unsafe Transfer.of(context: context).upload.seek(to: Int(offset))
                ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
        unsafe swarmctl_easy_set_pointer(easy.pointer, CURLOPT_SEEKDATA, context)
    }

    private static func of(context: UnsafeMutableRawPointer) -> Transfer {
        unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    /// Returns what curl expects of a write callback: the count, or a request to pause or stop.
    private func take(body: [UInt8]) -> Int {
        switch pipe.receive(body) {
        case .goOn: body.count
        case .pause: Int(swarmctl_writefunc_pause)
        case .abort: 0
        }
    }

    private func take(headerLine: [UInt8]) -> Int {
        switch head.read(headerLine) {
        case .more: break
        case .complete(let head): pipe.receive(head)
        case .tooLarge:
            failure = .tooLarge(endpoint: pipe.endpoint, limit: HeadReader.limit)
            return 0
        }
        return headerLine.count
    }

    private func give(to room: UnsafeMutableRawBufferPointer) -> Int {
        do throws(HTTPError) {
            return try unsafe upload.read(into: room)
        } catch {
            failure = error
            return Int(swarmctl_readfunc_abort)
        }
    }
}
