// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SwarmCore
import Testing

@Suite("SeedImage")
struct SeedImageTests {
    @Test("a program that reads ISO images finds the files with their names and contents")
    func files() async throws {
        let folder = NSTemporaryDirectory() + "seed-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try AtomicFile.makeFolder(folder)
        let long = String(repeating: "0123456789", count: 500)
        let image = SeedImage(files: [
            (name: "user-data", content: Array(long.utf8)), (name: "meta-data", content: Array("a: b\n".utf8)),
        ])
        try AtomicFile.write(image.bytes, to: folder + "/seed.iso")
        let deadline = Deadline.after(.seconds(60))
        let tool = HostTool("isoinfo", advice: "", environment: ProcessInfo.processInfo.environment)

        let header = try await tool.run(["-d", "-i", folder + "/seed.iso"], deadline: deadline)
        let listed = try await tool.run(["-J", "-f", "-i", folder + "/seed.iso"], deadline: deadline)
        let content = try await tool.run(["-J", "-i", folder + "/seed.iso", "-x", "/user-data"], deadline: deadline)

        #expect(header.output.contains("Volume id: cidata"))
        #expect(header.output.contains("Joliet with UCS level 3 found"))
        #expect(listed.output.split(separator: "\n").sorted() == ["/meta-data", "/user-data"])
        #expect(content.output == long)
    }
}
