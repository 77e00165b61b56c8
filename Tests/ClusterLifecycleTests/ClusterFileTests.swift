// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ClusterLifecycle
import Machines
import SecureShell
import Testing

@Suite("ClusterFile")
struct ClusterFileTests {
    @Test("every key ends up in the wish")
    func everyKey() throws {
        let spec = try ClusterFile.parse(
            """
            name: lab
            driver: local
            nodes: 5
            managers: 1
            strategy: binpack
            options:
              local-image: swarmctl/node:docker
            engine:
              install: none
              labels: [storage=ssd]
              registry-mirrors: ["https://mirror.example"]
              insecure-registries: [registry.example:5000]
              storage-driver: overlay2
              environment: [HTTP_PROXY=http://proxy.example:3128]
              options: [max-concurrent-downloads=5]
            allow-from: [10.0.0.0/8]
            tls-san: [swarm.example]
            key-type: p384
            days: 30
            manager-port: 4000
            """,
            path: "cluster.yaml"
        )

        var expected = ClusterSpec(name: "lab", driver: "local")
        expected.nodes = 5
        expected.strategy = "binpack"
        expected.driverOptions = ["local-image": "swarmctl/node:docker"]
        expected.engine.install = "none"
        expected.engine.labels = ["storage=ssd"]
        expected.engine.registryMirrors = ["https://mirror.example"]
        expected.engine.insecureRegistries = ["registry.example:5000"]
        expected.engine.storageDriver = "overlay2"
        expected.engine.environment = ["HTTP_PROXY=http://proxy.example:3128"]
        expected.engine.options = ["max-concurrent-downloads=5"]
        expected.allowFrom = ["10.0.0.0/8"]
        expected.tlsNames = ["swarm.example"]
        expected.keyType = "p384"
        expected.certificateDays = 30
        expected.managerPort = 4000
        #expect(spec == expected)
    }

    @Test("hosts mean the generic driver")
    func hosts() throws {
        let spec = try ClusterFile.parse("name: lab\nhosts: [root@10.0.0.1, 'admin@[fd00::1]:2222']", path: "f")

        #expect(spec.driver == "generic")
        #expect(spec.hosts.map(\.description) == ["root@10.0.0.1", "admin@[fd00::1]:2222"])
    }

    @Test(
        "mistakes are found, with their line",
        arguments: [
            (text: "name: lab\nnoodles: 3", line: 2, word: "noodles"),
            (text: "name: lab\nnodes: many", line: 2, word: "whole number"),
            (text: "nodes: 3", line: 1, word: "\"name\" is missing"),
            (text: "name: lab\nhosts: root@10.0.0.1", line: 2, word: "must be a list"),
            (text: "name: lab\nhosts:\n  - 'root@'", line: 3, word: "not an address"),
            (text: "name: lab\nengine:\n  instal: none", line: 3, word: "instal"),
            (text: "- lab", line: 1, word: "key: value"),
        ]
    )
    func mistakes(text: String, line: Int, word: String) throws {
        let error = try #require(throws: LifecycleError.self) { try ClusterFile.parse(text, path: "f") }

        guard case .badFile("f", let found, let problem) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(found == line)
        #expect(problem.contains(word))
    }

    @Test("what is not YAML, or empty, is an error", arguments: ["", "a: [", "\t- x: :"])
    func notYAML(text: String) {
        #expect(throws: LifecycleError.self) { try ClusterFile.parse(text, path: "f") }
    }
}
