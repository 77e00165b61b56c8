// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation
import MachineDrivers
import Machines
import SwarmCore
import Testing

@Suite("HostTool")
struct HostToolTests {
    private let environment = ProcessInfo.processInfo.environment

    @Test("a program that does not heed its end is ended")
    func stubborn() async throws {
        let tool = HostTool("sh", advice: "", environment: environment)
        let start = ContinuousClock.now

        await #expect(throws: DeadlineExceeded.self) {
            _ = try await tool.run(["-c", "trap '' TERM; exec sleep 300"], deadline: .after(.milliseconds(500)))
        }

        #expect(ContinuousClock.now - start < .seconds(120))
    }

    @Test("a daemon that a program leaves behind is not waited for")
    func daemons() async throws {
        let tool = HostTool("sh", advice: "", environment: environment)

        let result = try await tool.run(["-c", "sleep 300 & echo $!; exit 3"], deadline: .after(.seconds(120)))

        #expect(result.status == 3)
        let daemon = try #require(pid_t(result.output.trimmingCharacters(in: .newlines)))
        #expect(kill(daemon, SIGKILL) == 0)
    }

    @Test("a program that may outlive us gets none of our descriptors")
    func descriptors() async throws {
        let pipe = Pipe()
        // As sockets of libraries are: not closed when a program is run.
        let kept = fcntl(pipe.fileHandleForReading.fileDescriptor, F_DUPFD, 500)
        defer { close(kept) }
        try #require(kept >= 500)
        let tool = HostTool("sh", advice: "", environment: ["PATH": "/usr/bin:/bin"])

        let result = try await tool.run(["-c", "ls /proc/$$/fd"], deadline: .after(.seconds(60)))

        let open = result.output.split(separator: "\n").compactMap { Int($0) }
        #expect(open.starts(with: [0, 1, 2]))
        #expect(!open.contains(Int(kept)))
    }
}
