// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import ArgumentParser
import Foundation
import Machines
import OperatorCommands
import SecureShell
import SwarmCore
import Testing

/// A store as docker-machine 0.16 writes it, by its documented layout.
struct OldStore {
    let folder: String

    init(_ folder: String) {
        self.folder = folder
    }

    // `place` is where the store was when its files were written.
    func write(_ name: String, driver: String, address: String, place: String? = nil, version: Int = 3) throws {
        let place = place ?? folder
        try AtomicFile.makeFolder("\(folder)/certs")
        try AtomicFile.makeFolder("\(folder)/machines/\(name)")
        for (file, text) in [("ca.pem", "CA"), ("ca-key.pem", "CA KEY"), ("cert.pem", "CERT"), ("key.pem", "KEY")] {
            try AtomicFile.write(text, to: "\(folder)/certs/\(file)", mode: file.contains("key") ? 0o600 : 0o644)
        }
        try AtomicFile.write("PRIVATE \(name)", to: "\(folder)/machines/\(name)/id_rsa")
        let own = "\(place)/machines/\(name)"
        try AtomicFile.write(
            """
            {
                "ConfigVersion": \(version),
                "Driver": {
                    "IPAddress": "\(address)", "MachineName": "\(name)", "SSHUser": "ubuntu", "SSHPort": 22,
                    "SSHKeyPath": "\(own)/id_rsa", "StorePath": "\(place)", "SwarmMaster": false, "SwarmHost": "",
                    "SwarmDiscovery": "", "EnginePort": 2377, "SSHKey": ""
                },
                "DriverName": "\(driver)",
                "HostOptions": {
                    "Driver": "", "Memory": 0, "Disk": 0,
                    "EngineOptions": {"ArbitraryFlags": [], "Env": [], "Labels": ["a=b"], "TlsVerify": true},
                    "SwarmOptions": {"IsSwarm": false},
                    "AuthOptions": {"CertDir": "\(place)/certs", "ServerCertSANs": ["web.example"], "StorePath": "\(own)"}
                },
                "Name": "\(name)"
            }
            """,
            to: "\(folder)/machines/\(name)/config.json"
        )
    }
}

@Suite("import docker-machine")
struct ImportDockerMachineTests {
    private func run(_ bench: Bench, _ words: String...) async throws {
        try await ImportDockerMachine.parse(["--from", bench.folder + "/old"] + words).execute(in: bench.context())
    }

    @Test("a host comes with its address, its key, and the certificates of its store, also of one that was moved")
    func hosts() async throws {
        let bench = try Bench()
        try OldStore(bench.folder + "/old").write("web", driver: "amazonec2", address: "10.9.8.7", place: "/home/x/m")

        try await run(bench)

        #expect(bench.terminal.output == ["web"])
        #expect(bench.terminal.notes.count == 1)
        #expect(bench.terminal.notes[0].contains("made by the driver amazonec2"))
        let record = try bench.store.machine("web")
        #expect(record.driver == "generic")
        #expect(record.phase == .registered)
        #expect(record.ssh == SSHAddress(user: "ubuntu", host: "10.9.8.7", port: 22))
        #expect(record.engineURL == "tcp://10.9.8.7:2377")
        #expect(record.tlsNames == ["web.example"])
        #expect(record.ownKey == "machines/web/id_rsa")
        #expect(try AtomicFile.readText(bench.store.machineFolder("web") + "/id_rsa") == "PRIVATE web")
        let pki = bench.store.pkiFolder(of: record.cluster)
        #expect(try AtomicFile.readText(pki + "/key.pem") == "KEY")
        let mode = try FileManager.default.attributesOfItem(atPath: pki + "/ca-key.pem")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(bench.store.userClusterNames().isEmpty)
    }

    @Test("run again it takes what is new, and leaves what it took")
    func again() async throws {
        let bench = try Bench()
        let old = OldStore(bench.folder + "/old")
        try old.write("a", driver: "generic", address: "10.0.0.1")
        try await run(bench)
        try old.write("b", driver: "generic", address: "10.0.0.2")

        try await run(bench)

        #expect(bench.terminal.output == ["a", "b"])
    }

    @Test("refuses a name that is taken, one that is not there, and a file of another version")
    func refusals() async throws {
        let bench = try Bench()
        let old = OldStore(bench.folder + "/old")
        try old.write("a", driver: "generic", address: "10.0.0.1")
        try bench.makeMachine("a")

        await #expect(
            throws: MachineError.nameTaken(
                kind: "machine",
                name: "a",
                by: "it is in this store and not from there"
            )
        ) { try await run(bench) }
        await #expect(throws: MachineError.unknownMachine(name: "c", known: ["a"])) { try await run(bench, "c") }
        try old.write("b", driver: "generic", address: "10.0.0.1", version: 4)
        await #expect(
            throws: MachineError.recordFromTheFuture(
                path: "\(bench.folder)/old/machines/b/config.json",
                version: 4
            )
        ) { try await run(bench, "b") }
        #expect(!bench.store.hasMachine("b"))
    }
}
