// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder that is removed with all its files when its owner is freed.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/swarmctl-test-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    deinit {
        for name in ["members.json", "nodes"] {
            unlink(path + "/" + name)
        }
        rmdir(path)
    }
}
