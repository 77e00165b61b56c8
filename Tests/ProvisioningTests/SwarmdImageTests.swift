// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import Provisioning
import SwarmCore
import Testing

@Suite("SwarmdImage")
struct SwarmdImageTests {
    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "image-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// The beginning of an executable for a machine, and something after it.
    private func executable(machine: UInt8, size: Int) -> [UInt8] {
        [0x7F, 0x45, 0x4C, 0x46, 2, 1] + [UInt8](repeating: 0, count: 12) + [machine, 0]
            + [UInt8](repeating: 7, count: size)
    }

    private func tar(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar"] + words
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }

    @Test("the same executable gives the same bytes and tag, another one another tag")
    func reproducible() async throws {
        try await inFolder { folder in
            try AtomicFile.write(executable(machine: 62, size: 3_000_000), to: folder + "/a")
            try AtomicFile.write(executable(machine: 62, size: 3_000_001), to: folder + "/b")

            let first = try await SwarmdImage.make(executable: folder + "/a", folder: folder + "/1", version: "1.0")
            let second = try await SwarmdImage.make(executable: folder + "/a", folder: folder + "/2", version: "1.0")
            let other = try await SwarmdImage.make(executable: folder + "/b", folder: folder + "/1", version: "1.0")

            #expect(first.tag == second.tag && first.tag != other.tag)
            #expect(first.tag.hasPrefix("swarmd:1.0-") && first.tag.count == "swarmd:1.0-".count + 12)
            #expect(try AtomicFile.read(first.path) == AtomicFile.read(second.path))
            #expect(first.size == Int64(try AtomicFile.read(first.path).count))
        }
    }

    @Test("a frame has the program's tag and an empty file in its place")
    func frame() async throws {
        try await inFolder { folder in
            try AtomicFile.write(executable(machine: 62, size: 3_000_000), to: folder + "/a")

            let whole = try await SwarmdImage.make(executable: folder + "/a", folder: folder, version: "1")
            let frame = try await SwarmdImage.make(
                executable: folder + "/a",
                folder: folder,
                version: "1",
                isFrame: true
            )

            #expect(frame.tag == whole.tag + "-frame")
            #expect(frame.isLayer && !whole.isLayer)
            #expect(frame.size < 20_000)
            let listed = try tar(["-tvf", frame.path])
            #expect(listed.contains(" 0 1970-01-01") && listed.hasSuffix(" swarmd\n"))
        }
    }

    @Test("the archive is one that tar reads: a layer with the executable, its configuration, the list of both")
    func layout() async throws {
        try await inFolder { folder in
            let content = executable(machine: 183, size: 1_500_000)
            try AtomicFile.write(content, to: folder + "/a")

            let image = try await SwarmdImage.make(executable: folder + "/a", folder: folder, version: "1")

            #expect(image.architecture == "arm64")
            let names = try tar(["-tf", image.path]).split(separator: "\n")
            #expect(names.count == 3 && names.first == "layer.tar" && names.last == "manifest.json")
            _ = try tar(["-C", folder, "-xf", image.path])
            #expect(try tar(["-tvf", folder + "/layer.tar"]).hasPrefix("-rwxr-xr-x 0/0"))
            _ = try tar(["-C", folder, "-xf", folder + "/layer.tar"])
            #expect(try AtomicFile.read(folder + "/swarmd") == content)
            let manifest = String(decoding: try AtomicFile.read(folder + "/manifest.json"), as: UTF8.self)
            #expect(manifest.contains(image.tag) && manifest.contains(names[1]))
        }
    }

    @Test("what is no executable for Linux is refused, and a missing file too")
    func refused() async throws {
        try await inFolder { folder in
            try AtomicFile.write("#!/bin/sh\necho this is a script\n", to: folder + "/script")

            await #expect(throws: SwarmdImageError.notAnExecutable(path: folder + "/script")) {
                try await SwarmdImage.make(executable: folder + "/script", folder: folder, version: "1")
            }
            await #expect(throws: FileError.self) {
                try await SwarmdImage.make(executable: folder + "/none", folder: folder, version: "1")
            }
        }
    }
}
