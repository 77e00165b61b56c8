// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import DockerAPI
import Scheduling
import Testing

struct ContainerCreationTests {
    private func creation(_ body: String, name: String? = "web", nodes: Set<String> = []) throws -> ContainerCreation {
        try ContainerCreation(name: name, platform: nil, body: Array(body.utf8), isNode: { nodes.contains($0) })
    }

    private func body(_ creation: ContainerCreation, cpus: Int = 2) throws -> JSON {
        var core = ClusterCore(scheduler: try Scheduler())
        _ = core.setMembers(["10.0.0.1:2376"], now: 0)
        let info = try JSON(parsing: #"{"ID":"i","Name":"n","NCPU":\#(cpus)}"#)
        let version = try #require(EngineVersion(try JSON(parsing: #"{"ApiVersion":"1.41"}"#)))
        core.describe("10.0.0.1:2376", info: EngineInfo(info), version: version)
        return creation.body(for: core.snapshot.nodes[0])
    }

    @Test("expressions are taken out of the environment and kept in labels")
    func expressions() throws {
        let creation = try creation(
            #"{"Image":"redis","Env":["A=1","constraint:storage==ssd","affinity:container!=~db*"],"Labels":{"a":"b"},"#
                + #""Odd":{"x": 1.0}}"#
        )

        let body = try body(creation)

        #expect(creation.request.constraints.map(\.description) == ["storage==ssd"])
        #expect(creation.request.affinities.map(\.description) == ["container!=~db*"])
        #expect(body["Env"]?.strings == ["A=1"])
        #expect(
            body["Labels"]?.stringMap == [
                "a": "b", "com.docker.swarm.constraints": #"["storage==ssd"]"#,
                "com.docker.swarm.affinities": #"["container!=~db*"]"#,
            ]
        )
        #expect(body["Odd"]?.text == #"{"x": 1.0}"#)
    }

    @Test("devices asked for are read, as --gpus and --device write them")
    func devices() throws {
        let creation = try creation(
            #"{"HostConfig":{"DeviceRequests":["#
                + #"{"Driver":"","Count":-1,"DeviceIDs":null,"Capabilities":[["gpu"]],"Options":{}},"#
                + #"{"Driver":"cdi","Count":0,"DeviceIDs":["nvidia.com/gpu=0"],"Capabilities":null}]}}"#
        )

        #expect(
            creation.request.devices == [
                DeviceRequest(count: -1, capabilities: [["gpu"]]),
                DeviceRequest(driver: "cdi", ids: ["nvidia.com/gpu=0"]),
            ]
        )
    }

    @Test("expressions in labels count, once")
    func labels() throws {
        let creation = try creation(
            #"{"Env":["constraint:a1==x"],"Labels":{"com.docker.swarm.constraints":"[\"a1==x\",\"b1!=y\"]"}}"#
        )

        #expect(creation.request.constraints.map(\.description) == ["a1==x", "b1!=y"])
    }

    @Test(
        "claims are read as the options mean them",
        arguments: [
            (host: #"{"CpuShares":1,"Memory":5}"#, nano: Int64(1_000_000_000), memory: Int64(5)),
            (host: #"{"NanoCpus":1500000000,"CpuShares":9}"#, nano: 1_500_000_000, memory: 0),
            (host: #"{"CpuQuota":50000}"#, nano: 500_000_000, memory: 0),
            (host: #"{"MemoryReservation":7}"#, nano: 0, memory: 7),
            (host: #"{"memory":7}"#, nano: 0, memory: 7),
            (host: #"{"Memory":-1,"NanoCpus":"x"}"#, nano: 0, memory: 0),
            (host: #"{"Memory":9223372036854775807}"#, nano: 0, memory: 1 << 50),
        ]
    )
    func claims(host: String, nano: Int64, memory: Int64) throws {
        let creation = try creation(#"{"HostConfig":\#(host)}"#)

        #expect(creation.request.claim == Resources(nanoCPUs: nano, memory: memory))
    }

    @Test("CPUs asked for as shares become shares of the node's 1024")
    func shares() throws {
        let creation = try creation(#"{"HostConfig":{"CpuShares":1}}"#)

        #expect(try body(creation, cpus: 4)["HostConfig"]?["CpuShares"]?.int == 256)
        #expect(try body(creation, cpus: 0)["HostConfig"]?["CpuShares"]?.int == 1)
    }

    @Test("fixed ports are asked for, in bridge and in host mode; ports the engine picks are not")
    func ports() throws {
        let bridge = try creation(
            #"{"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"10.0.0.9","HostPort":"8080"},{"HostPort":""}],"#
                + #""53/udp":[{"HostIp":"0.0.0.0","HostPort":"53"}],"90/tcp":[{"HostPort":"8000-8010"}]}}}"#
        )
        let host = try creation(#"{"ExposedPorts":{"80/tcp":{}},"HostConfig":{"NetworkMode":"host"}}"#)

        #expect(bridge.request.ports == [HostPort(8080, address: "10.0.0.9"), HostPort(53, .udp)])
        #expect(host.request.ports == [HostPort(80)])
        #expect(host.request.usesHostNetwork)
    }

    @Test("references lose their node, which becomes a constraint, and are dependencies")
    func references() throws {
        let creation = try creation(
            #"{"HostConfig":{"Links":["n1/db:db"],"VolumesFrom":["data:ro"],"NetworkMode":"container:/web","#
                + #""Binds":["vol:/data","/etc:/etc"]}}"#,
            nodes: ["n1"]
        )

        let host = try body(creation)["HostConfig"]

        #expect(host?["Links"]?.strings == ["db:db"])
        #expect(host?["NetworkMode"]?.string == "container:web")
        #expect(creation.request.constraints.map(\.description) == ["node==n1"])
        #expect(
            creation.request.dependencies.map(\.description) == [
                "--link=db", "--volumes-from=data", "--net=container:web",
            ]
        )
        #expect(creation.request.volumes == ["vol"])
    }

    @Test("a body that is no object and a malformed expression are the client's fault")
    func malformed() throws {
        #expect(throws: CreationError.self) { try creation("[1]") }
        #expect(throws: CreationError.self) { try creation("{") }
        #expect(throws: SchedulingError.self) { try creation(#"{"Env":["constraint:storage=ssd"]}"#) }
    }

    @Test("build arguments carry expressions")
    func buildArguments() throws {
        let request = try PlacementRequest(buildArguments: ["constraint:storage": "=ssd", "HTTP_PROXY": "x"])

        #expect(request.constraints.map(\.description) == ["storage==ssd"])
    }
}
