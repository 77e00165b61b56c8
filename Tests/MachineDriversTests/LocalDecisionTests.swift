// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers
import Machines
import SwarmCore
import Testing

@Suite("What the local driver decides")
struct LocalDecisionTests {
    private func network(_ text: String) throws -> IPv4Network { try #require(IPv4Network(parsing: text)) }

    @Test("networks overlap when one holds the other")
    func overlap() throws {
        #expect(try network("10.0.0.0/8").overlaps(network("10.233.4.0/22")))
        #expect(try network("10.233.4.0/22").overlaps(network("10.0.0.0/8")))
        #expect(try !network("10.233.4.0/22").overlaps(network("10.233.8.0/22")))
        #expect(try network("0.0.0.0/0").overlaps(network("192.168.1.0/24")))
    }

    @Test(
        "what is no network is not read",
        arguments: ["", "10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.256/8", "x/8"]
    )
    func malformedNetworks(text: String) {
        #expect(IPv4Network(parsing: text) == nil)
    }

    @Test("subnets that a route or a network has are left out")
    func freeSubnets() throws {
        let taken = [try network("10.233.0.0/22"), try network("10.233.5.0/24"), try network("192.168.0.0/16")]

        let free = Addressing.freeSubnets(taken: taken)

        #expect(free.first?.description == "10.233.8.0/22")
        #expect(free.count == 62)
        #expect(Addressing.freeSubnets(taken: [try network("10.0.0.0/8")]).isEmpty)
    }

    @Test("every host address of a subnet is given out once, and then none")
    func allAddresses() throws {
        let subnet = try network("10.1.0.0/29")
        var taken: Set<UInt32> = []
        while let address = Addressing.freeAddress(in: subnet, id: "\(taken.count)", taken: taken) {
            #expect(taken.insert(address).inserted)
        }

        #expect(taken.map(IPv4Network.text).sorted() == ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"])
    }

    @Test("the address does not depend on the run, but on the machine")
    func stableAddress() throws {
        let subnet = try network("10.233.0.0/22")

        let first = Addressing.freeAddress(in: subnet, id: "a1b2c3", taken: [])

        #expect(first == Addressing.freeAddress(in: subnet, id: "a1b2c3", taken: []))
        #expect(first != Addressing.freeAddress(in: subnet, id: "a1b2c4", taken: []))
    }

    @Test("the kernel's table of routes is read without the default route")
    func routes() {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
            eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            swt\t0000E70A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            """

        #expect(Addressing.routes(in: table).map(\.description) == ["192.0.2.0/24", "10.231.0.0/24"])
    }

    @Test("a host is privileged where nothing is out of bounds, and else gets what there is")
    func privileges() {
        let full = HostPrivileges(status: "CapBnd:\t000001ffffffffff\n", lastCapability: 40)
        let bounded = HostPrivileges(status: "Name:\tx\nCapBnd:\t000001fffeffffff\n", lastCapability: 40)

        #expect(full == .privileged)
        #expect(HostPrivileges(status: nil, lastCapability: nil) == .privileged)
        #expect(bounded.isPrivileged == false)
        #expect(bounded.dropped == ["SYS_RESOURCE"])
        #expect(bounded.added.count == 37)
        #expect(bounded.added.contains("SYS_ADMIN"))
    }

    @Test(
        "the engine is the one asked for, else a local DOCKER_HOST, else the testbed's, else the system's",
        arguments: [
            (wanted: "tcp://127.0.0.1:2375", dockerHost: "unix:///d", testbed: true, chosen: "tcp://127.0.0.1:2375"),
            (
                wanted: nil, dockerHost: "unix:///run/user/1000/docker.sock", testbed: true,
                chosen: "unix:///run/user/1000/docker.sock"
            ),
            (wanted: nil, dockerHost: "tcp://10.0.0.1:3376", testbed: true, chosen: "unix:///tb/engines/default/sock"),
            (wanted: nil, dockerHost: "tcp://10.0.0.1:3376", testbed: false, chosen: "unix:///var/run/docker.sock"),
        ]
    )
    func engineChoice(wanted: String?, dockerHost: String, testbed: Bool, chosen: String) async throws {
        let locator = EngineLocator(environment: ["DOCKER_HOST": dockerHost, "SWARMCTL_TESTBED": "/tb"]) { _ in testbed
        }

        #expect(try await locator.endpoint(wanted: wanted).description == chosen)
    }

    @Test(
        "an engine's address of another form is refused",
        arguments: ["/var/run/docker.sock", "ssh://host", "tcp://", "unix://x"]
    )
    func malformedEngine(wanted: String) async throws {
        let locator = EngineLocator(environment: [:]) { _ in true }

        let error = try await #require(throws: MachineError.self) { _ = try await locator.endpoint(wanted: wanted) }

        #expect(error.kind == .usage)
    }

    @Test("an engine that does not answer is said before anything is made, with what to do")
    func engineDown() async throws {
        let driver = LocalDriver(
            http: HTTPClient(),
            environment: ["SWARMCTL_LOCAL_DOCKER_HOST": "unix:///nowhere/sock"]
        )
        let request = MachineRequest(
            name: "m",
            id: "1",
            cluster: "c",
            options: [:],
            authorizedKey: "",
            hostKey: HostKey(privateKey: "", publicKey: ""),
            ports: []
        )

        let before = try await #require(throws: MachineError.self) { try await driver.preCreate(request) }
        let during = try await #require(throws: MachineError.self) {
            _ = try await driver.create(request, state: [:]) { _ in }
        }

        #expect(before.kind == .preCreateCheck)
        #expect(before.hint?.contains("engine.sh start") == true)
        #expect(during.kind == .unreachable)
        #expect(during.message.contains("/nowhere/sock"))
    }

    @Test(
        "sizes that make no sense are refused",
        arguments: [("local-memory", "lots"), ("local-memory", "1m"), ("local-cpus", "0"), ("local-cpus", "nan")]
    )
    func badSizes(option: String, value: String) async throws {
        let driver = LocalDriver(http: HTTPClient(), environment: [:])
        let request = MachineRequest(
            name: "m",
            id: "1",
            cluster: "c",
            options: [option: value],
            authorizedKey: "",
            hostKey: HostKey(privateKey: "", publicKey: ""),
            ports: []
        )

        let error = try await #require(throws: MachineError.self) { try await driver.preCreate(request) }

        guard case .badOption(option, "local", _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("every driver has a name and a summary of its own, and options with help")
    func catalog() {
        let drivers = DriverCatalog.drivers(environment: [:])

        #expect(drivers.first?.name == "local", "the default")
        #expect(Set(drivers.map(\.name)).count == drivers.count)
        #expect(drivers.allSatisfy { !$0.summary.isEmpty && $0.options.allSatisfy { !$0.help.isEmpty } })
    }
}
