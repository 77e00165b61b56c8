// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import Testing

@Suite("CertificateRequest")
struct CertificateRequestTests {
    let scratch: ScratchFolder

    init() throws {
        scratch = try ScratchFolder()
    }

    @Test("a request made by openssl on a host is signed for its key and for none of its names")
    func hostRequest() throws {
        let keyPath = "\(scratch.path)/key.pem"
        let made = try runTool([
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", keyPath, "-subj", "/CN=evil/O=other", "-addext", "subjectAltName=DNS:evil",
            "-addext", "basicConstraints=critical,CA:TRUE", "-out", "\(scratch.path)/csr.pem",
        ])
        try #require(made.status == 0, "\(made.output)")
        let request = try CertificateRequest(pem: contents("\(scratch.path)/csr.pem"))
        let authority = try CertificateAuthority.generate(cluster: "lab", key: .generate())

        let node = try authority.issue(
            NodeProfile(node: "n1", cluster: "lab", addresses: ["10.0.0.1"]),
            for: request
        )

        #expect(try node.matches(PrivateKey(pem: contents(keyPath))))
        #expect(try !node.matches(.generate()))
        #expect(node.subject.commonName == "n1")
        #expect(!node.dnsNames.contains("evil"))
        #expect(!node.isAuthority)
    }

    @Test("a request of ours is what openssl accepts")
    func ownRequest() throws {
        let request = try CertificateRequest(commonName: "ann", key: .generate())
        let path = try scratch.file("csr.pem", request.pem)

        let checked = try runTool(["openssl", "req", "-verify", "-noout", "-subject", "-in", path])

        #expect(checked.status == 0)
        #expect(checked.output.contains("verify OK"))
        #expect(checked.output.contains("CN = ann"))
    }

    @Test("a request whose signature is not that of its key is refused")
    func badSignature() throws {
        let request = try CertificateRequest(commonName: "ann", key: .generate())
        let path = try scratch.file("csr.pem", request.pem)
        let converted = try runTool(["openssl", "req", "-in", path, "-outform", "DER", "-out", "\(path).der"])
        try #require(converted.status == 0)
        var bytes = try contents("\(path).der")
        // The common name, inside the part that is signed.
        let name = try #require(bytes.firstRange(of: Array("ann".utf8)))
        bytes[name.lowerBound] = UInt8(ascii: "b")
        let forged = try scratch.file("forged.der", bytes)
        let back = try runTool(["openssl", "req", "-inform", "DER", "-in", forged, "-out", "\(forged).pem"])
        try #require(back.status == 0, "\(back.output)")

        #expect(throws: PKIError.badRequestSignature) { try CertificateRequest(pem: contents("\(forged).pem")) }
    }

    @Test("a request for a weak key is refused")
    func weakKey() throws {
        let made = try runTool([
            "openssl", "req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null",
            "-subj", "/CN=weak", "-out", "\(scratch.path)/weak.pem",
        ])
        try #require(made.status == 0, "\(made.output)")

        #expect(throws: PKIError.malformedRequest(detail: "its key is worth 80 bits, and 112 are needed")) {
            try CertificateRequest(pem: contents("\(scratch.path)/weak.pem"))
        }
    }

    @Test(
        "what is not a request is refused with OpenSSL's reason",
        arguments: [
            "", "hello", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        ]
    )
    func malformed(text: String) throws {
        let error = try #require(throws: PKIError.self) { try CertificateRequest(pem: Array(text.utf8)) }

        guard case .malformedRequest(let detail) = error else {
            Issue.record("unexpected \(error)")
            return
        }
        #expect(detail != "no reason given")
    }
}
