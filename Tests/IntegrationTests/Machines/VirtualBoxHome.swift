// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Testing

/// The real VBoxManage with a folder of its own, whose machines run as containers of the testbed.
///
/// `Scripts/virtualbox/VBoxManage` stands in for starting them; all else is the real program.
struct VirtualBoxHome: Sendable {
    private static let scripts = Testbed.checkout + "/Scripts"

    let sandbox: Sandbox
    var home: String { sandbox.folder + "/vbox" }
    /// Small, but a disk: the stand-in boots what it names.
    var image: String { sandbox.folder + "/cloud.raw" }

    /// Runs `body` with a new one; ends what is left of it afterwards, machines and daemons too.
    static func with(_ body: (VirtualBoxHome) async throws -> Void) async throws {
        let unpacked = try await run(scripts + "/testbed/virtualbox.sh", ["root"], timeout: .seconds(900))
        try #require(unpacked.status == 0, "\(unpacked)")
        try await Sandbox.with { sandbox in
            let box = VirtualBoxHome(sandbox: sandbox)
            var disk = Data("swarmctl/node:docker\n".utf8)
            disk.count = 1 << 20
            try disk.write(to: URL(fileURLWithPath: box.image))
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(box))
            } catch {
                result = .failure(error)
            }
            let ended = try await run(scripts + "/testbed/virtualbox.sh", ["end", box.home])
            #expect(ended.status == 0, "\(ended)")
            try result.get()
        }
    }

    /// What swarmctl needs to find it.
    var environment: [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return sandbox.environment.merging(
            [
                "PATH": "\(Self.scripts)/virtualbox:\(path)", "VBOX_USER_HOME": home,
                "SWARMCTL_TEST_ENGINE": Testbed.engine,
            ]
        ) { $1 }
    }

    /// The options of a create.
    var options: [String] { ["--driver", "virtualbox", "--virtualbox-image", image] }

    func swarmctl(_ arguments: [String], timeout: Duration = .seconds(300)) async throws -> ProgramResult {
        try await run(Testbed.swarmctl, arguments, environment: environment, timeout: timeout)
    }

    /// Runs swarmctl, which must succeed.
    @discardableResult
    func succeed(_ arguments: String...) async throws -> ProgramResult {
        let result = try await swarmctl(arguments)
        try #require(result.status == 0, "\(arguments): \(result)")
        return result
    }

    /// Runs the real VBoxManage and returns its output, which goes through a file: its daemons would hold a pipe.
    func manage(_ words: String...) async throws -> String {
        let output = sandbox.folder + "/output"
        let script = #"file=$1; shift; exec "$@" >"$file" 2>&1"#
        let tool = [Self.scripts + "/testbed/virtualbox.sh", "run", home]
        let result = try await run("bash", ["-c", script, "bash", output] + tool + words)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        try #require(result.status == 0, "\(words): \(text)")
        return text
    }

    /// What VirtualBox, the engine and the store have of machines: empty when nothing is left.
    func leftovers(of machine: String) async throws -> String {
        var left = ""
        for list in ["vms", "hdds", "dvds"] {
            left += try await manage("list", list)
        }
        left += try await run("docker", ["-H", Testbed.engine, "ps", "-aq", "--filter", "name=^/\(machine)$"]).output
        let files = FileManager.default.enumerator(atPath: sandbox.store + "/machines")?.compactMap { $0 as? String }
        return left + (files ?? []).joined(separator: "\n")
    }

    /// A name that no other run has: containers of all runs are on one engine.
    static func name() -> String { "vb-\(UUID().uuidString.lowercased().prefix(6))" }
}
