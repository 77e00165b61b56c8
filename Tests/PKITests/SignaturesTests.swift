// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import Testing

@Suite("Signatures")
struct SignaturesTests {
    @Test("an RS256 signature is what OpenSSL's own tool takes, and only for the bytes that were signed")
    func rs256() throws {
        let folder = try ScratchFolder()
        let key = try PrivateKey.generate(.rsa2048)
        let message = Array("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UifQ".utf8)

        let signature = try key.signatureSHA256(of: message)

        let keyFile = try folder.file("key.pem", key.pem)
        let publicFile = "\(folder.path)/public.pem"
        let made = try runTool(["openssl", "pkey", "-in", keyFile, "-pubout", "-out", publicFile])
        #expect(made.status == 0)
        let signatureFile = try folder.file("signature", signature)
        for (bytes, isValid) in [(message, true), (message + [0], false)] {
            let messageFile = try folder.file("message", bytes)
            let checked = try runTool([
                "openssl", "dgst", "-sha256", "-verify", publicFile, "-signature", signatureFile, messageFile,
            ])
            #expect((checked.status == 0) == isValid)
        }
    }

    @Test("SHA-256 of nothing and of a text are the known ones")
    func sha256() throws {
        #expect(
            Signatures.hexadecimal(try Signatures.sha256([]))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        #expect(
            Signatures.hexadecimal(try Signatures.sha256(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }
}
