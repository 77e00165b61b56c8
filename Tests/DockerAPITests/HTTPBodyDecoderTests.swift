// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import NIOHTTP1
import Testing

@Suite("HTTPBodyDecoder")
struct HTTPBodyDecoderTests {
    /// The payload of `text`, given to a decoder in pieces of `size` bytes, and what is left over.
    private func decode(_ headers: HTTPHeaders, _ text: String, size: Int) throws -> (payload: String, rest: String) {
        var decoder = try HTTPBodyDecoder(request: headers)
        var payload = ""
        var bytes = Array(text.utf8)[...]
        while !decoder.isComplete, !bytes.isEmpty {
            var piece = ByteBuffer(bytes: bytes.prefix(size))
            bytes = bytes.dropFirst(size)
            while let found = try decoder.decode(&piece) {
                payload += String(buffer: found)
            }
            if piece.readableBytes > 0 {
                bytes = (Array(piece.readableBytesView) + bytes)[...]
            }
        }
        #expect(decoder.isComplete)
        return (payload, String(decoding: bytes, as: UTF8.self))
    }

    @Test("a chunked body ends after its last chunk, however it is cut", arguments: [1, 2, 3, 7, 1000])
    func chunked(size: Int) throws {
        let text = "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\nGET / HTTP/1.1"

        let result = try decode(["Transfer-Encoding": "chunked"], text, size: size)

        #expect(result.payload == "abc0123456789")
        #expect(result.rest == "GET / HTTP/1.1")
    }

    @Test("a body with a length leaves what follows", arguments: [1, 2, 1000])
    func length(size: Int) throws {
        let result = try decode(["Content-Length": "5"], "hellonext", size: size)

        #expect(result.payload == "hello")
        #expect(result.rest == "next")
    }

    @Test(
        "framing that two servers could read differently is refused",
        arguments: [
            ["Content-Length": "5", "Transfer-Encoding": "chunked"], ["Transfer-Encoding": "gzip, chunked"],
            ["Content-Length": "5", "content-length": "6"], ["Content-Length": "+5"], ["Content-Length": "0x5"],
            ["Content-Length": "99999999999999999999"], ["Content-Length": ""],
        ] as [HTTPHeaders]
    )
    func unclearFraming(headers: HTTPHeaders) {
        #expect(throws: DockerAPIError.self) { try HTTPBodyDecoder(request: headers) }
    }

    @Test(
        "invalid chunks are refused",
        arguments: ["g\r\n", "\r\n", "-1\r\n", "3\nabc", "2\r\nabc\r\n", "1000000000000000\r\n", "1 x\r\n"]
    )
    func invalidChunks(text: String) throws {
        var decoder = try HTTPBodyDecoder(request: ["Transfer-Encoding": "chunked"])
        var bytes = ByteBuffer(string: text)

        #expect(throws: DockerAPIError.self) {
            while try decoder.decode(&bytes) != nil {}
        }
    }

    @Test("answers without a body are complete at once")
    func noBody() throws {
        #expect(try HTTPBodyDecoder(responseTo: .HEAD, status: 200, headers: ["Content-Length": "5"]).isComplete)
        #expect(try HTTPBodyDecoder(responseTo: .GET, status: 204, headers: [:]).isComplete)
        #expect(try HTTPBodyDecoder(responseTo: .GET, status: 304, headers: ["Content-Length": "5"]).isComplete)
        #expect(try HTTPBodyDecoder(responseTo: .GET, status: 200, headers: [:]).isUntilEnd)
    }
}
