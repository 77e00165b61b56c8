// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import MachineDrivers
import Machines
import SecureShell
import SwarmCore
import Synchronization
import Testing

@Suite("GenericDriver and NoneDriver")
struct AdoptingDriverTests {
    private func request(_ options: [String: String]) -> MachineRequest {
        MachineRequest(
            name: "m",
            id: "1",
            cluster: "c",
            options: options,
            authorizedKey: "",
            hostKey: HostKey(privateKey: "", publicKey: ""),
            ports: []
        )
    }

    private func machine(_ options: [String: String]) -> DriverMachine {
        DriverMachine(name: "m", id: "1", cluster: "c", options: options, state: [:])
    }

    @Test(
        "an adopted host is where its options say",
        arguments: [
            (options: ["generic-ip-address": "10.0.0.1"], address: SSHAddress(host: "10.0.0.1")),
            (
                options: [
                    "generic-ip-address": "web.example.org", "generic-ssh-user": "admin", "generic-ssh-port": "2222",
                ],
                address: SSHAddress(user: "admin", host: "web.example.org", port: 2222)
            ),
            (
                options: ["generic-ip-address": "2001:db8::1", "generic-ssh-user": ""],
                address: SSHAddress(host: "2001:db8::1")
            ),
        ]
    )
    func genericAddress(options: [String: String], address: SSHAddress) async throws {
        let driver = GenericDriver()

        #expect(try await driver.sshAddress(of: machine(options)) == address)
        #expect(try await driver.address(of: machine(options)) == address.host)
    }

    @Test(
        "a host without a usable address or port is refused before anything is done",
        arguments: [
            (options: [:], option: "generic-ip-address"),
            (options: ["generic-ip-address": "a b"], option: "generic-ip-address"),
            (options: ["generic-ip-address": "root@10.0.0.1"], option: "generic-ip-address"),
            (options: ["generic-ip-address": "10.0.0.1", "generic-ssh-port": "0"], option: "generic-ssh-port"),
            (options: ["generic-ip-address": "10.0.0.1", "generic-ssh-port": "ssh"], option: "generic-ssh-port"),
        ]
    )
    func genericRefusals(options: [String: String], option: String) async throws {
        let error = try await #require(throws: MachineError.self) {
            try await GenericDriver().preCreate(request(options))
        }

        guard case .badOption(let name, "generic", _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(name == option)
        #expect(error.kind == .usage)
    }

    @Test("an adopted host runs when its SSH port is open, and else its state is unknown")
    func genericState() async throws {
        let asked = Mutex<[String]>([])
        let options = ["generic-ip-address": "10.0.0.1", "generic-ssh-port": "2222"]
        let open = GenericDriver { host, port in
            asked.withLock { $0.append("\(host) \(port)") }
            return true
        }

        #expect(try await open.state(of: machine(options)) == .running)
        #expect(try await GenericDriver { _, _ in false }.state(of: machine(options)) == .unknown)
        #expect(asked.withLock { $0 } == ["10.0.0.1 2222"])
    }

    @Test("a port is open when something listens, whatever it speaks, and closed when nothing does")
    func portProbe() async throws {
        let (listener, port) = try listenSilently()
        defer { closeListener(listener) }

        #expect(try await PortProbe.accepts("127.0.0.1", port))
        #expect(try await PortProbe.accepts("127.0.0.1", 1) == false)
    }

    @Test("making and removing an adopted machine leaves it alone, again and again")
    func genericLife() async throws {
        let driver = GenericDriver { _, _ in true }
        let options = ["generic-ip-address": "10.0.0.1"]

        let state = try await driver.create(request(options), state: ["kept": "yes"]) { _ in }
        try await driver.remove(machine(options))
        try await driver.remove(machine(options))

        #expect(state == ["kept": "yes"])
        #expect(try await driver.tagged(options: options).isEmpty)
    }

    @Test("what is not ours is not switched", arguments: ["generic", "none"])
    func notSwitched(name: String) async throws {
        let driver: any MachineDriver = name == "none" ? NoneDriver() : GenericDriver()
        let machine = machine(["generic-ip-address": "10.0.0.1", "url": "tcp://10.0.0.1:2376"])

        for (action, call) in [
            ("started", driver.start), ("stopped", driver.stop), ("killed", driver.kill), ("restarted", driver.restart),
        ] {
            await #expect(throws: MachineError.notSupported(driver: name, action: action)) { try await call(machine) }
        }
    }

    @Test(
        "the address of a URL is its host",
        arguments: [
            (url: "tcp://10.0.0.1:2376", host: "10.0.0.1"),
            (url: "https://engine.example.org:2376/", host: "engine.example.org"),
            (url: "tcp://[2001:db8::1]:2376", host: "2001:db8::1"),
        ]
    )
    func noneAddress(url: String, host: String) async throws {
        #expect(try await NoneDriver().address(of: machine(["url": url])) == host)
        #expect(try await NoneDriver().sshAddress(of: machine(["url": url])) == nil)
        #expect(try await NoneDriver().state(of: machine(["url": url])) == .unknown)
    }

    @Test("a URL that names no host is refused", arguments: ["", "10.0.0.1", "unix:///x", "tcp://", "tcp://u@h:1"])
    func noneRefusals(url: String) async throws {
        let error = try await #require(throws: MachineError.self) {
            try await NoneDriver().preCreate(request(["url": url]))
        }

        #expect(error.kind == .usage)
    }
}
