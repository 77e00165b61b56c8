// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PKI
import Testing

@Suite("CertificateLife")
struct CertificateLifeTests {
    @Test(
        "a number is days, and may have a unit; what is out of bounds is none",
        arguments: [
            ("1", 86_400), ("90", 7_776_000), ("90d", 7_776_000), ("12h", 43_200), ("2m", 120), ("45s", 45),
            ("10s", 10),
            ("3650", 315_360_000), ("9s", nil), ("3651", nil), ("0", nil), ("-1", nil), ("", nil), ("m", nil),
            ("1.5h", nil), ("2 m", nil), ("2M", nil), ("99999999999999999999", nil), ("9223372036854775807d", nil),
        ] as [(text: String, seconds: Int?)]
    )
    func parses(text: String, seconds: Int?) {
        #expect(CertificateLife(text)?.seconds == seconds)
    }

    @Test(
        "it is written as it is read, in the largest unit that is whole",
        arguments: ["90d", "36h", "2m", "45s", "100s"]
    )
    func writes(text: String) {
        #expect(CertificateLife(text)?.description == text)
    }

    @Test("a certificate ends when its life is over, and not a day later")
    func ends() throws {
        let authority = try CertificateAuthority.generate(cluster: "lab", key: .generate(), at: 1_800_000_000)
        let request = try CertificateRequest(commonName: "ann", key: .generate())
        let life = try #require(CertificateLife("2m"))
        let profile = OperatorProfile(user: "ann", cluster: "lab", role: "viewer", life: life)

        let certificate = try authority.issue(profile, for: request, at: 1_800_000_000)

        #expect(certificate.notAfter == 1_800_000_120)
    }
}
