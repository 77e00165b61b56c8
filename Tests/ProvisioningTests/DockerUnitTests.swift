// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Testing

@testable import Provisioning

@Suite("DockerUnit")
struct DockerUnitTests {
    private static let debian = """
        # /lib/systemd/system/docker.service
        [Unit]
        ExecStart=/not/this/section
        [Service]
        Type=notify
        # a comment
        ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
        ExecReload=/bin/kill -s HUP $MAINPID
        [Install]
        WantedBy=multi-user.target
        """

    @Test("the sockets are taken out of the command, and nothing else")
    func debian() {
        let unit = DockerUnit(parsing: Self.debian)

        #expect(unit.hosts == ["fd://"])
        #expect(
            unit.freedCommand == "/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock $DOCKER_OPTS"
        )
        #expect(unit.plainFlags == ["--containerd=/run/containerd/containerd.sock"])
    }

    @Test("the owner's drop-in counts, and ours does not")
    func dropIns() {
        let text =
            Self.debian + """

                # /etc/systemd/system/docker.service.d/override.conf
                [Service]
                ExecStart=
                ExecStart=/usr/bin/env "A=b c" /usr/bin/dockerd \\
                    --host=unix:///var/run/docker.sock \\
                    # inside
                    -H=tcp://127.0.0.1:2375 -Hfd:// --label 'x=y z'

                # /etc/systemd/system/docker.service.d/zz-swarmctl.conf
                [Service]
                ExecStart=
                ExecStart=/usr/sbin/dockerd
                """

        let unit = DockerUnit(parsing: text)

        #expect(unit.hosts == ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "fd://"])
        #expect(unit.freedCommand == #"/usr/bin/env "A=b c" /usr/bin/dockerd --label 'x=y z'"#)
        #expect(unit.plainFlags == ["--label", "x=y z"])
    }

    @Test("a unit without sockets, or none at all, needs no drop-in")
    func nothingToFree() {
        #expect(DockerUnit(parsing: "# /x\n[Service]\nExecStart=/usr/bin/dockerd").freedCommand == nil)
        #expect(DockerUnit(parsing: "").freedCommand == nil)
    }
}
