// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import MachineDrivers
import PKI
import Testing

@Suite("SigV4 and JSON web tokens")
struct SignatureTests {
    private let signer = SigV4(
        credentials: AmazonCredentials(
            accessKey: "AKIDEXAMPLE",
            secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        ),
        region: "us-east-1",
        service: "service"
    )
    private let time = UTCTime(seconds: 1_440_938_160)

    @Test(
        "a time is written as Amazon has it",
        arguments: [
            (seconds: 1_440_938_160, text: "20150830T123600Z"), (seconds: 0, text: "19700101T000000Z"),
            (seconds: 951_782_400, text: "20000229T000000Z"), (seconds: 1_798_761_599, text: "20261231T235959Z"),
        ]
    )
    func time(seconds: Int, text: String) {
        #expect(UTCTime(seconds: seconds).compact == text)
    }

    @Test(
        "a signature is that of Amazon's test suite",
        arguments: [
            (
                method: "GET", query: [(String, String)](),
                signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
            ),
            (
                method: "POST", query: [],
                signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
            ),
            (
                method: "GET", query: [("Param2", "value2"), ("Param1", "value1")],
                signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
        ]
    )
    func vectors(method: String, query: [(String, String)], signature: String) throws {
        let value = try signer.authorization(
            method: method,
            path: "/",
            query: query,
            headers: [("x-amz-date", "20150830T123600Z"), ("host", "example.amazonaws.com")],
            body: [],
            at: time
        )

        #expect(
            value == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=\(signature)"
        )
    }

    @Test("credentials show no secret")
    func description() {
        #expect(!"\(signer.credentials)".contains("wJalr"))
    }

    @Test("HMAC-SHA256 is that of RFC 4231, also for a key longer than a block")
    func hmac() throws {
        let second = try Signatures.hmacSHA256(
            key: Array("Jefe".utf8),
            Array("what do ya want for nothing?".utf8)
        )
        let sixth = try Signatures.hmacSHA256(
            key: [UInt8](repeating: 0xAA, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        )

        #expect(
            Signatures.hexadecimal(second) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        #expect(Signatures.hexadecimal(sixth) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }
}
