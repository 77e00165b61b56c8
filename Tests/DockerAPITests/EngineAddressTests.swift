// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Testing

@Suite("EngineAddress and APIVersion")
struct EngineAddressTests {
    @Test(
        "addresses are read in every form that Docker takes",
        arguments: [
            (text: "10.0.0.1:2376", address: EngineAddress.tcp(host: "10.0.0.1", port: 2376)),
            (text: "tcp://node-1.example:2376/", address: .tcp(host: "node-1.example", port: 2376)),
            (text: "https://[fe80::1%eth0]:1", address: .tcp(host: "fe80::1%eth0", port: 1)),
            (text: "unix:///run/docker.sock", address: .unix(path: "/run/docker.sock")),
        ]
    )
    func reads(text: String, address: EngineAddress) throws {
        #expect(try EngineAddress(parsing: text) == address)
    }

    @Test(
        "what is no address is refused",
        arguments: ["", "host", "host:0", "host:65536", "host:x", ":2375", "a b:1", "[::1]x:1", "::1:2", "unix://x"]
    )
    func refuses(text: String) {
        #expect(throws: DockerAPIError.malformedAddress(text)) { try EngineAddress(parsing: text) }
    }

    @Test("an address is written as it is registered")
    func description() throws {
        #expect("\(EngineAddress.tcp(host: "::1", port: 2))" == "[::1]:2")
        #expect("\(try EngineAddress(parsing: "tcp://a", defaultPort: 2375))" == "a:2375")
    }

    @Test("versions compare by number, and ranges by what they share")
    func versions() throws {
        let low = try #require(APIVersion("1.9"))
        let middle = try #require(APIVersion("1.41"))
        let high = try #require(APIVersion("1.51"))
        let old = APIVersionRange(lowest: low, highest: middle)
        let new = APIVersionRange(lowest: middle, highest: high)

        #expect(low < middle)
        #expect(APIVersionRange.common([old, new]) == APIVersionRange(lowest: middle, highest: middle))
        #expect(APIVersionRange.common([APIVersionRange(lowest: low, highest: low), new]) == nil)
        #expect(old.clamp(high) == middle)
        for text in ["1", "1.", "v1.2", "1.2.3", "1.12345", "1.x"] {
            #expect(APIVersion(text) == nil)
        }
    }
}
