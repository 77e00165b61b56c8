// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Provisioning
import Testing

@Suite("OSRelease")
struct OSReleaseTests {
    @Test("quotes, escapes, comments and equals signs are read as a shell reads them")
    func values() {
        let release = OSRelease(
            parsing: """
                # a comment
                ID=debian
                  NAME="Debian GNU/Linux"
                VERSION_ID='12'
                HOME_URL="https://example.org/?a=b&c=d"
                QUOTED="say \\"hi\\" for \\$5, \\n stays"
                SINGLE='back\\slash "and" quotes'
                JOINED=a"b c"'d'
                UNQUOTED=one two
                EMPTY=
                not an assignment
                1ST=no
                ID_LIKE="first second"
                """
        )

        #expect(release.id == "debian")
        #expect(release.fields["NAME"] == "Debian GNU/Linux")
        #expect(release.versionID == "12")
        #expect(release.fields["HOME_URL"] == "https://example.org/?a=b&c=d")
        #expect(release.fields["QUOTED"] == #"say "hi" for $5, \n stays"#)
        #expect(release.fields["SINGLE"] == #"back\slash "and" quotes"#)
        #expect(release.fields["JOINED"] == "ab cd")
        #expect(release.fields["UNQUOTED"] == "one")
        #expect(release.fields["EMPTY"] == "")
        #expect(release.fields["1ST"] == nil)
        #expect(release.idLike == ["first", "second"])
    }

    @Test("of two assignments the last counts, and a missing ID is linux")
    func defaults() {
        #expect(OSRelease(parsing: "ID=a\nID=b").id == "b")
        #expect(OSRelease(parsing: "").id == "linux")
    }
}

@Suite("SystemFamily")
struct SystemFamilyTests {
    @Test(
        "a system is known by its ID, else by what it is like, else by its package manager",
        arguments: [
            (text: "ID=debian", commands: [], systemd: true, family: SystemFamily.debian),
            (text: "ID=ubuntu\nID_LIKE=debian", commands: [], systemd: true, family: .ubuntu),
            (text: "ID=linuxmint\nID_LIKE=\"ubuntu debian\"", commands: [], systemd: true, family: .ubuntu),
            (text: "ID=raspbian\nID_LIKE=debian", commands: [], systemd: true, family: .debian),
            (text: "ID=rhel", commands: [], systemd: true, family: .rhel),
            (text: "ID=\"centos\"", commands: [], systemd: true, family: .rhel),
            (text: "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", commands: [], systemd: true, family: .rhel),
            (text: "ID=\"almalinux\"", commands: [], systemd: true, family: .rhel),
            (text: "ID=\"ol\"", commands: [], systemd: true, family: .rhel),
            (text: "ID=fedora", commands: [], systemd: true, family: .rhel),
            (text: "ID=\"amzn\"", commands: [], systemd: true, family: .rhel),
            (text: "ID=\"opensuse-leap\"", commands: [], systemd: true, family: .suse),
            (text: "ID=sles\nID_LIKE=suse", commands: [], systemd: true, family: .suse),
            (text: "ID=manjaro\nID_LIKE=arch", commands: [], systemd: true, family: .arch),
            (text: "ID=alpine", commands: ["apk"], systemd: false, family: .alpine),
            (text: "ID=flatcar\nID_LIKE=coreos", commands: [], systemd: true, family: .flatcar),
            (text: "ID=own", commands: ["dnf"], systemd: true, family: .rhel),
            (text: "ID=own", commands: ["apt-get"], systemd: true, family: .debian),
            (text: "ID=own", commands: ["apt-get"], systemd: false, family: nil),
            (text: "ID=own", commands: [], systemd: true, family: nil),
        ] as [(text: String, commands: [String], systemd: Bool, family: SystemFamily?)]
    )
    func detection(text: String, commands: [String], systemd: Bool, family: SystemFamily?) {
        let found = SystemFamily.detect(
            OSRelease(parsing: text),
            serviceManager: systemd ? .systemd : .openrc,
            commands: Set(commands)
        )

        #expect(found == family)
    }
}

@Suite("EngineVersion")
struct EngineVersionTests {
    @Test(
        "versions of packages and engines are compared by their numbers",
        arguments: [
            (text: "20.10.24+dfsg1", version: EngineVersion(20, 10, 24)),
            (text: "28.5.2", version: EngineVersion(28, 5, 2)),
            (text: "5:27.3.1-1~debian.12~bookworm", version: EngineVersion(27, 3, 1)),
            (text: "25.0", version: EngineVersion(25, 0, 0)),
        ]
    )
    func parsing(text: String, version: EngineVersion) {
        #expect(EngineVersion(parsing: text) == version)
    }

    @Test("what has no number is no version, and 19.03 is too old")
    func limits() throws {
        #expect(EngineVersion(parsing: "unknown") == nil)
        #expect(try #require(EngineVersion(parsing: "19.03.15")) < .oldest)
    }
}

@Suite("EngineInstall")
struct EngineInstallTests {
    private static let digest = String(repeating: "ab", count: 32)

    @Test("a script is taken with its checksum only")
    func parsing() {
        #expect(EngineInstall(parsing: "package") == .package)
        #expect(EngineInstall(parsing: "none") == EngineInstall.none)
        #expect(
            EngineInstall(parsing: "script=https://x/i.sh,sha256=\(Self.digest)")
                == .script(url: "https://x/i.sh", sha256: Self.digest)
        )
        #expect(
            EngineInstall(parsing: "script,sha256=\(Self.digest)")
                == .script(url: "https://get.docker.com", sha256: Self.digest)
        )
        #expect(EngineInstall(parsing: "script") == nil)
        #expect(EngineInstall(parsing: "script=https://x/i.sh") == nil)
        #expect(EngineInstall(parsing: "script=https://x/i.sh,sha256=12") == nil)
        #expect(EngineInstall(parsing: "script=file:///x,sha256=\(Self.digest)") == nil)
    }
}
