// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation

/// Runs a shell command; returns its exit status and all that it wrote.
///
/// Without Foundation's `Process`: it takes a child that closes the descriptors it inherited, as
/// OpenSSH's tools do, for one that has ended.
func shell(_ command: String) throws -> (status: Int32, output: String) {
    guard let stream = popen("{ \(command)\n} 2>&1", "re") else {
        throw TestServerError(log: "cannot run a shell")
    }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&chunk, 1, chunk.count, stream)
        guard count > 0 else {
            break
        }
        output += chunk.prefix(count)
    }
    let status = pclose(stream)
    return ((status >> 8) & 0xff, String(decoding: output, as: UTF8.self))
}
