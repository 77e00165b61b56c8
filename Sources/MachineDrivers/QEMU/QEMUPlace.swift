// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines
internal import SwarmCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The folder of one machine: its disk, its seed, its tags, and what tells whether it runs.
struct QEMUPlace: Sendable, Equatable {
    /// The longest path of a socket, in bytes, that all systems take.
    static let longestSocketPath = 103

    let folder: String

    var disk: String { "\(folder)/disk.qcow2" }
    var seed: String { "\(folder)/seed.iso" }
    var pidFile: String { "\(folder)/pid" }
    var monitor: String { "\(folder)/qmp" }
    var console: String { "\(folder)/console.log" }
    private var tagFile: String { "\(folder)/tags.json" }

    /// What ``claim(for:)`` wrote; `nil` when this is nobody's place.
    var tags: [String: String]? {
        guard let bytes = try? AtomicFile.read(tagFile, limit: 64 << 10) else {
            return nil
        }
        return try? JSON(parsing: bytes).texts
    }

    /// Makes the folder and says whose it is; nothing else is in it before.
    ///
    /// - Throws: `FileError`.
    func claim(for request: MachineRequest) throws {
        try AtomicFile.makeFolder(folder)
        try AtomicFile.write(try JSON.texts(Tag.labels(of: request)).bytes(), to: tagFile)
    }

    /// Whether a process runs the machine.
    ///
    /// A number in a file says nothing: it may be another's by now. The lock on that file is qemu's own for as long
    /// as it lives.
    var isRunning: Bool { lock?.l_type == Int16(F_WRLCK) }

    /// Ends the process that runs the machine, whatever it does.
    func endProcess() {
        // 0 and -1 stand for a process that cannot be seen from here.
        if let lock, lock.l_type == Int16(F_WRLCK), lock.l_pid > 1 {
            kill(lock.l_pid, SIGKILL)
        }
    }

    /// The lock that keeps us from taking one on the pid file; `nil` when there is no such file.
    private var lock: flock? {
        let file = open(pidFile, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            return nil
        }
        defer { close(file) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(file, F_GETLK, &lock) == 0 ? lock : nil
    }

    /// Removes all there is, the tags last: until then it is found by them.
    ///
    /// - Throws: `CocoaError` for what cannot be removed.
    func remove() throws {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        let tagName = (tagFile as NSString).lastPathComponent
        for name in names.filter({ $0 != tagName }) + [tagName] {
            do {
                try files.removeItem(atPath: "\(folder)/\(name)")
            } catch CocoaError.fileNoSuchFile {
                continue
            }
        }
        rmdir(folder)
        // The machine's own, when nothing else is in it.
        rmdir((folder as NSString).deletingLastPathComponent)
    }
}
