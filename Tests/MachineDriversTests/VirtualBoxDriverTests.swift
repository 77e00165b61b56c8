// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SecureShell
import SwarmCore
import Synchronization
import Testing

@Suite("VirtualBoxDriver", .serialized)
final class VirtualBoxDriverTests {
    private static let hostPrivateKey = "-----BEGIN KEY-----\nhost-key-secret\n-----END KEY-----"
    private let folder: String
    private let image: String
    private let vbox = FakeVBoxManage()

    init() throws {
        folder = NSTemporaryDirectory() + "vbox-\(UUID().uuidString)"
        image = folder + "/cloud.vmdk"
        try AtomicFile.makeFolder(folder)
        try AtomicFile.write("image", to: image)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static let templates = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("templates").path

    private static func driver(_ vbox: FakeVBoxManage, _ folder: String, _ plan: FaultPlan, routes: String = "")
        -> VirtualBoxDriver
    {
        VirtualBoxDriver(
            tool: vbox.tool(plan),
            folder: folder,
            environment: ["SWARMCTL_TEMPLATES": templates],
            patience: Patience(interval: .zero, limit: .zero),
            routes: { routes }
        )
    }

    private static func request(_ image: String, _ options: [String: String] = [:], ports: [Int] = [22, 2376])
        -> MachineRequest
    {
        let id = UUID().uuidString.lowercased()
        return MachineRequest(
            name: "t-\(id.prefix(6))",
            id: id,
            cluster: "lab",
            options: ["virtualbox-image": image, "virtualbox-address": "127.0.0.1"].merging(options) { $1 },
            authorizedKey: "ssh-ed25519 AAAA test",
            hostKey: HostKey(privateKey: hostPrivateKey, publicKey: "ssh-ed25519 BBBB"),
            ports: ports
        )
    }

    @Test("the virtualbox driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func conformance(promise: ConformanceCase) async throws {
        let (vbox, folder, image) = (vbox, folder, image)
        let conformance = DriverConformance(
            DriverHarness(
                name: "virtualbox",
                driver: { Self.driver(vbox, folder, $0) },
                request: { Self.request(image) },
                hostKind: "machine",
                hostCall: "createvm",
                secrets: ["host-key-secret"],
                // Nothing says how long a machine is locked.
                shortestWait: .milliseconds(500)
            )
        )

        try await conformance.check(promise)
        // A run that is killed while it copies cannot take the image off the list again.
        #expect(vbox.media.subtracting([image]) == [])
    }

    @Test("the image leaves VirtualBox's list of disks after it was copied, unless it was there before")
    func imageList() async throws {
        let driver = Self.driver(vbox, folder, FaultPlan())
        _ = try await driver.create(Self.request(image), state: [:]) { _ in }
        #expect(!vbox.media.contains(image))

        vbox.addMedium(image)
        _ = try await driver.create(Self.request(image), state: [:]) { _ in }

        #expect(vbox.media.contains(image))
    }

    @Test("a manager's port is taken while somebody listens there, and not by connections that ended a moment ago")
    func managerPort() async throws {
        let driver = Self.driver(vbox, folder, FaultPlan())
        let (listener, port) = try listenSilently()
        let request = Self.request(image, ports: [22, 2376, Int(port)])
        let taken = try await #require(throws: MachineError.self) { try await driver.preCreate(request) }
        #expect(taken.message.contains("port \(port) of 127.0.0.1 is taken"))

        try endConnection(listener, port)
        closeListener(listener)

        try await driver.preCreate(request)
    }

    @Test("a call has its whole time from when its turn comes, not while others are before it")
    func turns() async throws {
        let tool = SlowVBoxManage()
        let driver = VirtualBoxDriver(tool: tool, folder: folder, environment: [:])
        let machine = DriverMachine(request: Self.request(image), state: [:])

        try await withThrowingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask { _ = try await driver.state(of: machine) }
            }
            try await group.waitForAll()
        }

        let deadlines = tool.deadlines
        try #require(deadlines.count == 2)
        #expect(deadlines[1].instant - deadlines[0].instant >= SlowVBoxManage.time)
    }

    @Test("a machine is behind NAT with ports to its SSH and its engine, and nothing else")
    func network() async throws {
        let request = Self.request(image, ports: [22, 2376])
        let driver = Self.driver(vbox, folder, FaultPlan())

        let state = try await driver.create(request, state: [:]) { _ in }

        let values = vbox.values(request.name)
        let ssh = try #require(state["ssh-port"])
        let engine = try #require(state["engine-port"])
        #expect(values["Forwarding(0)"] == "ssh,tcp,127.0.0.1,\(ssh),,22")
        #expect(values["Forwarding(1)"] == "port\(engine),tcp,127.0.0.1,\(engine),,\(engine)")
        #expect(values["Forwarding(2)"] == nil)
        #expect(values["--nic1"] == "nat")
        #expect(values["--nic2"] == nil)
        let machine = DriverMachine(
            name: request.name,
            id: request.id,
            cluster: "lab",
            options: request.options,
            state: state
        )
        #expect(try await driver.sshAddress(of: machine) == SSHAddress(parsing: "root@127.0.0.1:\(ssh)"))
    }

    @Test("the seed has the host's key, is for our eyes only, and no key is in a command")
    func seed() async throws {
        let request = Self.request(image)
        let plan = FaultPlan()

        _ = try await Self.driver(vbox, folder, plan).create(request, state: [:]) { _ in }

        let path = "\(folder)/machines/\(request.name)/vm/seed.iso"
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(String(decoding: try AtomicFile.read(path), as: UTF8.self).contains("host-key-secret"))
        #expect(!plan.calls.contains { $0.contains("host-key-secret") })
    }

    @Test("a name that VirtualBox has, an old image, a port that is taken: refused before anything is made")
    func preCreate() async throws {
        let request = Self.request(image)
        let driver = Self.driver(vbox, folder, FaultPlan())
        try await driver.preCreate(request)

        vbox.add(request.name)
        let taken = try await #require(throws: MachineError.self) { try await driver.preCreate(request) }
        #expect(taken.kind == .preCreateCheck)
        #expect(taken.message.contains("VirtualBox has a machine of that name"))
        let missing = Self.request(folder + "/nothing.vmdk")
        await #expect(
            throws: MachineError.badOption(
                option: "virtualbox-image",
                driver: "virtualbox",
                problem: "\"\(folder)/nothing.vmdk\" cannot be read"
            )
        ) { try await driver.preCreate(missing) }
    }

    @Test(
        "a host-only network is made on request, where VirtualBox and this host's routes allow it",
        arguments: [
            (cidr: "192.168.56.1/24", problem: nil),
            (cidr: "192.168.56.0/24", problem: "is not a host's address"),
            (cidr: "192.168.99.1/24", problem: "allows host-only networks in 192.168.56.0/21 only"),
            (
                cidr: "192.168.60.1/24",
                problem: "192.168.60.0/24 overlaps 192.168.60.128/25, to which this host has a route by eth1"
            ),
        ] as [(cidr: String, problem: String?)]
    )
    func hostOnly(cidr: String, problem: String?) async throws {
        let routes = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
            eth1\t803CA8C0\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0
            vboxnet0\t0038A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            """
        let request = Self.request(image, ["virtualbox-hostonly-cidr": cidr])
        let driver = Self.driver(vbox, folder, FaultPlan(), routes: routes)
        guard let problem else {
            try await driver.preCreate(request)
            _ = try await driver.create(request, state: [:]) { _ in }
            #expect(vbox.values(request.name)["--host-only-adapter2"] == "vboxnet0")
            return
        }

        let error = try await #require(throws: MachineError.self) { try await driver.preCreate(request) }
        #expect(error.message.contains(problem), "\(error.message)")
    }
}

/// Takes its time for a call, and notes until when each may take.
private final class SlowVBoxManage: ToolRunning {
    static let time = Duration.milliseconds(200)
    private let noted = Mutex<[Deadline]>([])

    var deadlines: [Deadline] { noted.withLock { $0 } }

    func run(_ words: [String], deadline: Deadline) async throws -> ToolResult {
        noted.withLock { $0.append(deadline) }
        try await ContinuousClock().sleep(for: Self.time)
        return ToolResult(status: 0, output: "VMState=\"poweroff\"\n")
    }
}
