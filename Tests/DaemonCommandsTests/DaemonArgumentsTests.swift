// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import DaemonCommands
import Testing

struct DaemonArgumentsTests {
    @Test(
        "classic swarm's command lines become the parser's",
        arguments: [
            (
                words: "-l debug -experimental manage nodes://a:1",
                normalized: "manage --log-level debug --experimental nodes://a:1"
            ),
            (words: "--debug m a:1", normalized: "manage --debug a:1"),
            (
                words: "manage -tlsverify -tlscacert=ca.pem -tlscert c -H :1 a:1",
                normalized: "manage --tlsverify --tlscacert=ca.pem --tlscert c -H :1 a:1"
            ),
            (words: "manage -tls=true a:1", normalized: "manage --tls a:1"),
            (words: "j --advertise a:1 swarm://m:1/x", normalized: "join --advertise a:1 swarm://m:1/x"),
            (words: "l -timeout 5s a:1", normalized: "list --timeout 5s a:1"),
            (words: "c", normalized: "create"),
            (words: "manage --strategy -tls a:1", normalized: "manage --strategy -tls a:1"),
            (words: "-version", normalized: "--version"),
            (words: "manage -unknown", normalized: "manage -unknown"),
        ]
    )
    func normalized(words: String, normalized: String) {
        let words = words.split(separator: " ").map(String.init)

        #expect(DaemonArguments.normalized(words).joined(separator: " ") == normalized)
    }

    @Test(
        "what classic swarm refuses is refused with status 64",
        arguments: [
            "manage",
            "manage --tlscert x nodes://a:1",
            "manage --tls nodes://a:1",
            "manage --tlsverify --tlscert x --tlskey y nodes://a:1",
            "manage --strategy best nodes://a:1",
            "manage --filter nothing nodes://a:1",
            "manage --engine-refresh-min-interval 0s nodes://a:1",
            "manage --engine-refresh-min-interval 2m nodes://a:1",
            "manage --engine-failure-retry 0 nodes://a:1",
            "manage --heartbeat 0s nodes://a:1",
            "manage --cluster-driver mesos nodes://a:1",
            "manage --cluster-opt swarm.overcommit=-1 nodes://a:1",
            "manage --cluster-opt swarm.reschedulegrace=0 nodes://a:1",
            "manage --cluster-opt other=1 nodes://a:1",
            "manage --replication nodes://a:1",
            "manage --replication --advertise a:1 nodes://a:1",
            "manage --replication --advertise a:1 file:///x",
            "manage --replication --advertise a:1 token://x",
            "manage --replication --advertise a:1 swarm://m:1/x",
            "manage --replication etcd://a:1/x",
            "manage --replication --advertise a etcd://a:1/x",
            "manage --replication --advertise a:1 --replication-ttl 0s etcd://a:1/x",
            "manage --replication --advertise a:1 --replication-ttl 1s etcd://a:1/x",
            "manage --log-level loud nodes://a:1",
            "manage -H nonsense:x nodes://a:1",
            "manage nodes://10.0.0.[5:1]:1",
            "join --advertise a:1",
            "join swarm://m:1/x",
            "join --advertise a swarm://m:1/x",
            "join --advertise a:1 --ttl 60s swarm://m:1/x",
            "join --advertise a:1 --heartbeat 500ms swarm://m:1/x",
            "join --advertise a:1 --heartbeat soon swarm://m:1/x",
            "join --advertise a:1 nodes://a:1",
            "join --advertise a:1 file:///x",
            "list",
            "list --timeout 0s a:1",
            "list etcd:///x",
            "nothing",
        ]
    )
    func refusals(line: String) async {
        #expect(await SwarmDaemon.execute(line.split(separator: " ").map(String.init)) == 64)
    }

    @Test(
        "what needs nobody else succeeds",
        arguments: ["create", "list nodes://a:1", "--version", "--help", "m --help"]
    )
    func successes(line: String) async {
        #expect(await SwarmDaemon.execute(line.split(separator: " ").map(String.init)) == 0)
    }

    @Test("discovery that does not answer has the status of what cannot be reached")
    func unreachable() async {
        #expect(await SwarmDaemon.execute(["list", "swarm://127.0.0.1:1/x"]) == 13)
    }
}
