// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import Testing

@Suite("SSHKeyPair")
struct SSHKeyPairTests {
    @Test("ssh-keygen reads the private key and derives the same public key and fingerprint", arguments: 0..<8)
    func readBySSHKeygen(length: Int) throws {
        let scratch = try ScratchFolder()
        // Comments of several lengths meet every amount of padding.
        let pair = try SSHKeyPair.generate(comment: "lab" + String(repeating: "x", count: length))
        let path = try scratch.file("id", pair.privateKey)
        let publicPath = try scratch.file("other.pub", Array(pair.publicKey.utf8))

        let derived = try runTool(["ssh-keygen", "-y", "-P", "", "-f", path])
        let listed = try runTool(["ssh-keygen", "-l", "-f", publicPath])
        let signed = try runTool(["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", path, publicPath])

        #expect(derived.output == pair.publicKey + "\n")
        #expect(listed.output.contains(pair.fingerprint))
        #expect(signed.status == 0, "\(signed.output)")
    }

    @Test("a comment that would break the line is refused")
    func badComment() {
        #expect(throws: PKIError.badName(field: "comment", value: "a\nb")) { try SSHKeyPair.generate(comment: "a\nb") }
    }

    @Test("no printing shows the private key")
    func redaction() throws {
        let pair = try SSHKeyPair.generate(comment: "lab")
        let secret = String(decoding: pair.privateKey, as: UTF8.self).split(separator: "\n")[2]
        var dumped = ""
        dump(pair, to: &dumped)

        #expect(!"\(pair)\(String(reflecting: pair))\(dumped)".contains(secret))
    }
}
