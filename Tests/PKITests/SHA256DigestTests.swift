// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import Testing

@Suite("SHA256Digest")
struct SHA256DigestTests {
    @Test("the digest is that of all pieces together (FIPS 180-4, example of two blocks)")
    func pieces() throws {
        var digest = try SHA256Digest()

        digest.update("abcdbcdecdefdefgefghfghighijhi".utf8)
        digest.update("jkijkljklmklmnlmnomnopnopq".utf8)

        #expect(digest.hexadecimal() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test("nothing has a digest too")
    func empty() throws {
        let digest = try SHA256Digest()

        #expect(digest.hexadecimal() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
