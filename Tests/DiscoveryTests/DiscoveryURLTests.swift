// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Discovery
import DockerAPI
import SwarmCore
import Testing

struct DiscoveryURLTests {
    @Test(
        "lists and ranges stand for addresses",
        arguments: [
            (text: "nodes://10.0.0.1:2375,10.0.0.2:2375", addresses: ["10.0.0.1:2375", "10.0.0.2:2375"]),
            (text: "10.0.0.1:2375, node-2:2376", addresses: ["10.0.0.1:2375", "node-2:2376"]),
            (text: "10.0.0.[9:11]:2375", addresses: ["10.0.0.9:2375", "10.0.0.10:2375", "10.0.0.11:2375"]),
            (text: "node[08:10]:1", addresses: ["node08:1", "node09:1", "node10:1"]),
            (text: "r[1:2]n[3:4]:1", addresses: ["r1n3:1", "r1n4:1", "r2n3:1", "r2n4:1"]),
            (text: "[2001:db8::1]:2376", addresses: ["[2001:db8::1]:2376"]),
            (text: "a:1,a:1", addresses: ["a:1"]),
        ]
    )
    func lists(text: String, addresses: [String]) throws {
        #expect(try DiscoveryURL(parsing: text) == .nodes(addresses))
    }

    @Test("files and managers are read with their parts")
    func schemes() throws {
        #expect(try DiscoveryURL(parsing: "file:///etc/nodes") == .file(path: "/etc/nodes"))
        #expect(
            try DiscoveryURL(parsing: "swarm://10.0.0.1:3376,m2:3376/lab")
                == .embedded(
                    managers: [.tcp(host: "10.0.0.1", port: 3376), .tcp(host: "m2", port: 3376)],
                    cluster: "lab"
                )
        )
    }

    @Test(
        "stores have servers, with their usual port, and a prefix",
        arguments: [
            (text: "etcd://a,b:1/x/y/", read: "etcd://a:2379,b:1/x/y"),
            (text: "consul://10.0.0.1", read: "consul://10.0.0.1:8500"),
            (text: "ZK://[fd00::1]/x", read: "zk://[fd00::1]:2181/x"),
            (text: "token://0a@m:3376,n:3376", read: "token://0a@m:3376,n:3376"),
        ]
    )
    func stores(text: String, read: String) throws {
        #expect(try DiscoveryURL(parsing: text).description == read)
        #expect(try DiscoveryURL(parsing: text).acceptsRegistrations)
    }

    @Test(
        "what cannot be read is a usage error that quotes it",
        arguments: [
            "", "nodes://", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:70000", "a:1,,b:1", "10.0.0.[10:5]:1",
            "10.0.0.[a:b]:1", "10.0.0.[1:2:1", "10.0.0.[5]:1", "10.0.0.[1:999999]:1", "n[1:1000]n[1:1000]:1", "a/b:1",
            "file://relative", "file://", "swarm://m:1", "swarm://m:1/", "swarm://m/lab", "swarm:///lab",
            "swarm://m:1/a/b", "swarm://m:1/..", "etcd://", "etcd:///x", "etcd://a:1,/x",
            "consul://a:1/../x", "consul://a:1/x?y", "zk://a:99999", "zk://a:x/y", "token://", "token://x@",
            "token://a/b",
            "token://x@y", "ftp://x",
        ]
    )
    func malformed(text: String) throws {
        let error = try #require(throws: DiscoveryError.self) { try DiscoveryURL(parsing: text) }

        #expect(error.kind == .usage)
        #expect(error.message.contains("\""))
    }

    @Test("options name files for TLS, and unknown ones are refused")
    func options() throws {
        let options = try DiscoveryOptions(["kv.cacertfile=/ca", "kv.certfile=/c", "kv.keyfile=/k", "kv.path=a=b"])

        #expect(options.tls == TLSFiles(authority: "/ca", certificate: "/c", key: "/k"))
        #expect(options.values["kv.path"] == "a=b")
        #expect(try DiscoveryOptions().tls == nil)
        for option in ["kv.cacertfile", "kv.cacertfile=", "kv.unknown=1", "kv.keyfile=/k"] {
            #expect(throws: DiscoveryError.self) { try DiscoveryOptions([option]) }
        }
    }
}
