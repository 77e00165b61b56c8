// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import Testing

@Suite("PrivateKey")
struct PrivateKeyTests {
    let scratch: ScratchFolder

    init() throws {
        scratch = try ScratchFolder()
    }

    @Test(
        "each type is what openssl says it is",
        arguments: [
            (type: KeyType.p256, text: "ASN1 OID: prime256v1"), (type: .p384, text: "ASN1 OID: secp384r1"),
            (type: .rsa2048, text: "(2048 bit"), (type: .rsa4096, text: "(4096 bit"),
        ]
    )
    func types(type: KeyType, text: String) throws {
        let path = try scratch.file("key.pem", PrivateKey.generate(type).pem)

        let shown = try runTool(["openssl", "pkey", "-in", path, "-noout", "-text"])

        #expect(shown.output.contains(text))
    }

    @Test("an encrypted key opens with its passphrase only")
    func encryption() throws {
        let key = try PrivateKey.generate()
        let encrypted = try key.encryptedPEM(passphrase: Array("correct horse".utf8))

        #expect(String(decoding: encrypted, as: UTF8.self).contains("BEGIN ENCRYPTED PRIVATE KEY"))
        #expect(try PrivateKey(pem: encrypted, passphrase: Array("correct horse".utf8)).pem == key.pem)
        #expect(throws: PKIError.keyLocked) { try PrivateKey(pem: encrypted) }
        #expect(throws: PKIError.keyLocked) { try PrivateKey(pem: encrypted, passphrase: Array("wrong".utf8)) }
    }

    @Test("no printing of a key, nor of what holds one, shows it")
    func redaction() throws {
        let key = try PrivateKey.generate()
        let authority = try CertificateAuthority.generate(cluster: "lab", key: key)
        let secret = String(decoding: key.pem, as: UTF8.self).split(separator: "\n")[1]
        let bytes = key.pem[60..<90].map(String.init).joined(separator: ", ")
        var dumped = ""
        dump(authority, to: &dumped)

        for text in ["\(key)", String(reflecting: key), "\(authority)", String(reflecting: authority), dumped] {
            #expect(!text.contains(secret))
            #expect(!text.contains(bytes))
        }
    }

    @Test(
        "what is not a key is refused",
        arguments: ["", "x", "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n"]
    )
    func malformed(text: String) throws {
        let error = try #require(throws: PKIError.self) { try PrivateKey(pem: Array(text.utf8)) }

        guard case .malformedKey = error else {
            Issue.record("unexpected \(error)")
            return
        }
    }
}

@Suite("Certificate")
struct CertificateTests {
    @Test(
        "garbage is refused with OpenSSL's reason",
        arguments: ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    )
    func refusesGarbage(pem: String) throws {
        let error = try #require(throws: PKIError.self) { try Certificate(pem: Array(pem.utf8)) }

        guard case .malformedCertificate(let detail) = error else {
            Issue.record("unexpected \(error)")
            return
        }
        #expect(detail != "no reason given")
    }

    @Test("fingerprint and serial are those that openssl prints")
    func fingerprint() throws {
        let scratch = try ScratchFolder()
        let certificate = try CertificateAuthority.generate(cluster: "lab", key: .generate()).certificate
        let path = try scratch.file("ca.pem", certificate.pem)

        let shown = try runTool(["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256", "-serial"])

        let printed = shown.output.lowercased().filter { $0 != ":" }
        #expect(printed.contains("fingerprint=\(certificate.fingerprint)\n"))
        #expect(printed.contains("serial=\(certificate.serial)") || printed.contains("serial=0\(certificate.serial)"))
    }

    @Test(
        "a date is that of the Gregorian calendar",
        arguments: [
            (seconds: 0, text: "1970-01-01 00:00:00 UTC"), (seconds: -1, text: "1969-12-31 23:59:59 UTC"),
            (seconds: 951_782_400, text: "2000-02-29 00:00:00 UTC"),
            (seconds: 1_772_366_399, text: "2026-03-01 11:59:59 UTC"),
        ]
    )
    func dates(seconds: Int, text: String) {
        #expect(CalendarDate(secondsSince1970: seconds).description == text)
    }
}
