// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import SwarmCore
import Testing

/// A folder for one test, removed when the test is over.
final class TemporaryFolder: Sendable {
    let path = NSTemporaryDirectory() + "swarmctl-test-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

@Suite("AtomicFile")
struct AtomicFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a file written is read back, with the mode asked for", arguments: [0o600, 0o644, 0o755] as [UInt32])
    func writesWithMode(mode: UInt32) throws {
        let path = folder.path + "/file"

        try AtomicFile.write("content\n", to: path, mode: mode)

        #expect(try AtomicFile.readText(path) == "content\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == Int(mode))
    }

    @Test("replacing a file leaves nothing else behind")
    func leavesNoTemporary() throws {
        let path = folder.path + "/file"

        try AtomicFile.write("old", to: path)
        try AtomicFile.write("new", to: path)

        #expect(try AtomicFile.readText(path) == "new")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }

    @Test("a folder that is missing is named in the error")
    func missingFolder() throws {
        let path = folder.path + "/none/file"

        let error = try #require(throws: FileError.self) { try AtomicFile.write("x", to: path) }

        #expect(error == FileError(action: "write", path: path, code: ENOENT))
        #expect(error.kind == .notFound)
    }

    @Test("a file that is longer than the limit is refused")
    func readLimit() throws {
        let path = folder.path + "/file"
        try AtomicFile.write(String(repeating: "x", count: 100), to: path)

        #expect(throws: FileError.self) { try AtomicFile.read(path, limit: 99) }
        #expect(try AtomicFile.read(path, limit: 100).count == 100)
    }

    @Test("folders are made with those above them, and may exist")
    func makesFolders() throws {
        let path = folder.path + "/a/b/c"

        try AtomicFile.makeFolder(path)
        try AtomicFile.makeFolder(path)

        #expect(AtomicFile.isFolder(path))
        try AtomicFile.write("x", to: folder.path + "/plain")
        #expect(throws: FileError.self) { try AtomicFile.makeFolder(folder.path + "/plain") }
    }

    @Test("temporary files of processes that are gone are removed, those of live ones stay")
    func leftovers() throws {
        let own = "file.tmp-\(ProcessInfo.processInfo.processIdentifier)-1"
        try AtomicFile.makeFolder(folder.path + "/inner")
        for name in ["file", own, "file.tmp-4194303-7", "inner/key.tmp-4194303-9"] {
            try AtomicFile.write("x", to: "\(folder.path)/\(name)")
        }

        AtomicFile.removeLeftovers(in: folder.path)

        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == ["file", own, "inner"])
    }

    @Test("a second holder of a right is turned away until the first lets go")
    func exclusiveUse() throws {
        let path = folder.path + "/lock"

        var first = try ExclusiveUse(path: path)
        #expect(first != nil)
        #expect(try ExclusiveUse(path: path) == nil)
        first = nil

        #expect(try ExclusiveUse(path: path) != nil)
    }
}
