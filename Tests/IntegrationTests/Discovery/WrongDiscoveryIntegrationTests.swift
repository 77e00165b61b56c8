// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Testing

/// What is wrong in a command line about discovery, as swarmd says it.
@Suite("Wrong discovery")
struct WrongDiscoveryIntegrationTests {
    @Test(
        "it is refused with status 64, in words that name it",
        arguments: [
            (line: "list 10.0.0.[10:5]:2375", says: "the range [10:5] runs backwards"),
            (line: "list nodes://10.0.0.[a:b]:2375", says: "the range [a:b] is not made of two numbers"),
            (line: "list 10.0.0.[1:2:2375", says: "the range is not closed"),
            (line: "list 10.0.0.[5]:2375", says: "a range is written [FIRST:LAST], not [5]"),
            (line: "list n[1:1000]-[1:1000]:1", says: "it stands for more than 100000 addresses"),
            (line: "list 10.0.0.1", says: "HOST:PORT is expected"),
            (line: "list 10.0.0.1:99999", says: "HOST:PORT is expected"),
            (line: "list a:1,,b:1", says: "an address is missing"),
            (line: "list ftp://10.0.0.1/x", says: "unknown scheme \"ftp\""),
            (line: "manage mesos://10.0.0.1/x", says: "unknown scheme \"mesos\""),
            (line: "list file://nodes", says: "a path that begins with \"/\" is expected"),
            (line: "list swarm://10.0.0.1:3376", says: "MANAGER:PORT/CLUSTER is expected"),
            (line: "list etcd:///x", says: "\"\" is no HOST:PORT"),
            (line: "list zk://a:1,b:x/y", says: "\"b:x\" is no HOST:PORT"),
            (line: "list consul://a:1/../x", says: "the prefix must be names"),
            (line: "list token://a/b@c:1", says: "ID@MANAGER:PORT is expected"),
            (line: "list token://abc", says: "the public discovery service is gone: name a manager"),
            (line: "create 10.0.0.1", says: "\"10.0.0.1\" is no HOST:PORT"),
            (line: "list --discovery-opt kv.cacert=x etcd://a/x", says: "known are kv.cacertfile"),
            (line: "list --discovery-opt kv.certfile=x etcd://a/x", says: "kv.certfile and kv.keyfile go together"),
            (line: "list --discovery-opt kv.username=x etcd://a/x", says: "kv.username and kv.password go together"),
            (line: "list", says: "discovery required to list a cluster"),
            (line: "join --advertise a:1 --ttl 60s zk://a/x", says: "--ttl must be strictly superior to the heartbeat"),
            (line: "join --advertise a:1 --heartbeat 1ms zk://a/x", says: "--heartbeat should be at least one second"),
            (line: "join --advertise a:1 --delay=-1s zk://a/x", says: "--delay should not be a negative number"),
            (line: "join --advertise a zk://a/x", says: "--advertise should be of the form ip:port"),
            (line: "join zk://a/x", says: "missing mandatory --advertise flag"),
            (line: "join --advertise a:1 nodes://b:1", says: "is a fixed list: nodes cannot register"),
            (line: "join --advertise a:1 file:///etc/nodes", says: "is a fixed list: nodes cannot register"),
            (line: "join --advertise a:1 token://abc", says: "the public discovery service is gone"),
            (line: "manage --replication --advertise a:1 file:///x", says: "not \"file:///x\""),
            (line: "manage --replication --advertise a:1 nodes://b:1", says: "not \"nodes://b:1\""),
        ]
    )
    func refused(line: String, says: String) async throws {
        let words = line.split(separator: " ").map(String.init)
        let result = try await run(Testbed.swarmd, words, timeout: .seconds(60))

        #expect(result.status == 64, "\(result)")
        #expect(result.errors.hasPrefix("Error: ") && result.errors.contains(says), "\(result)")
    }
}
