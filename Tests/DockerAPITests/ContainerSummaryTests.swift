// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Testing

@Suite("ContainerSummary")
struct ContainerSummaryTests {
    private static let annotated = APIVersion(major: 1, minor: 46)

    private static func description(state: String = "running", ports: String = "{}", more: String = "") -> String {
        """
        {"Id":"aa","Created":"2026-01-10T08:30:12.9Z","Path":"sh","Args":["-c","sleep 9","\\"x\\""],"Name":"/web",
        "State":{"Status":"\(state)"},"Image":"sha256:b","Mounts":[{"Type":"volume","Name":"v"}]\(more),
        "Config":{"Image":"busybox:1","Labels":{"a":"b"},"Cmd":null},
        "HostConfig":{"Memory":5,"NetworkMode":"app","Annotations":{"x":"y"}},
        "NetworkSettings":{"Ports":\(ports),"Bridge":"","Networks":{"app":{
        "IPAMConfig":{"IPv4Address":"10.1.2.3","LinkLocalIPs":["169.254.1.1"]},"Links":["db"],"Aliases":["web","aa"],
        "DriverOpts":{"k":"v"},"NetworkID":"n","IPAddress":"10.1.2.3","DNSNames":["web"]}}}}
        """
    }

    private static func made(_ text: String, image: String? = nil, version: APIVersion? = nil) throws
        -> ContainerSummary?
    {
        let detail = try #require(ContainerDetail(JSON(parsing: text)))
        return ContainerSummary(of: detail, created: 1_768_033_812, image: image, version: version)
    }

    @Test("an element is made of a description as engines list it")
    func element() throws {
        let made = try #require(try Self.made(Self.description(), version: APIVersion(major: 1, minor: 41)))

        #expect(
            made.raw.text == """
                {"Id":"aa","Names":["/web"],"Image":"busybox:1","ImageID":"sha256:b",\
                "Command":"sh -c 'sleep 9' \\"x\\"","Created":1768033812,"Ports":[],"Labels":{"a":"b"},"State":"running",\
                "Status":"","HostConfig":{"NetworkMode":"app"},"NetworkSettings":{"Networks":{"app":{\
                "IPAMConfig":{"IPv4Address":"10.1.2.3"},"Links":null,"Aliases":null,"DriverOpts":null,"NetworkID":"n",\
                "IPAddress":"10.1.2.3","DNSNames":null}}},"Mounts":[{"Type":"volume","Name":"v"}]}
                """
        )
        #expect(made.names == ["web"])
        #expect(!made.isLinked)
    }

    @Test(
        "ports are those that are published and those that are not",
        arguments: [
            (#"{"80/tcp":null}"#, #"[{"PrivatePort":80,"Type":"tcp"}]"#),
            (
                #"{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8081"}],"53/udp":[]}"#,
                #"[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},"#
                    + #"{"IP":"::","PrivatePort":80,"PublicPort":8081,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}]"#
            ),
        ]
    )
    func ports(described: String, listed: String) throws {
        let made = try #require(try Self.made(Self.description(ports: described)))

        #expect(made.raw["Ports"]?.text == listed)
    }

    @Test("what depends on the version and on what was listed before is taken from there")
    func versions() throws {
        let made = try #require(
            try Self.made(Self.description(state: "created"), image: "sha256:b", version: Self.annotated)
        )

        #expect(made.image == "sha256:b")
        #expect(made.status == "Created")
        #expect(made.raw["HostConfig"]?.text == #"{"NetworkMode":"app","Annotations":{"x":"y"}}"#)
    }

    @Test("nothing is made of a description that lacks a part, or of a container that goes")
    func lacking() throws {
        #expect(try Self.made(Self.description(state: "removing")) == nil)
        #expect(try Self.made(Self.description(state: "dead")) == nil)
        #expect(try Self.made(#"{"Id":"aa","Name":"/web","State":{"Status":"running"}}"#) == nil)
        #expect(try Self.made(Self.description(more: #","Mounts":null"#)) == nil)
    }

    @Test("elements are compared but for the line for people and the order of ports")
    func comparison() throws {
        let ports = #"{"80/tcp":null,"81/tcp":null}"#
        let made = try #require(try Self.made(Self.description(ports: ports)))
        func other(_ old: String, _ new: String) throws -> ContainerSummary {
            try #require(ContainerSummary(JSON(parsing: made.raw.text.replacing(old, with: new))))
        }

        #expect(made.says(asMuchAs: try other(#""Status":"""#, #""Status":"Up 2 days""#)))
        let turned = #"[{"PrivatePort":81,"Type":"tcp"},{"PrivatePort":80,"Type":"tcp"}]"#
        #expect(made.says(asMuchAs: try other(try #require(made.raw["Ports"]).text, turned)))
        #expect(!made.says(asMuchAs: try other(#""Status":"""#, #""Status":"","Health":{}"#)))
        #expect(!made.says(asMuchAs: try other(#""PrivatePort":80"#, #""PrivatePort":82"#)))
        #expect(!made.says(asMuchAs: try other("sleep 9", "sleep 8")))
    }
}
