// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Where results go.
enum StandardOutput {
    /// Writes one line.
    static func write(_ line: String) {
        emit(line + "\n", to: 1)
    }
}

/// Where errors go.
enum StandardError {
    /// Writes one line.
    static func write(_ line: String) {
        emit(line + "\n", to: 2)
    }
}

/// Writes all of `text`; gives up when the reader is gone.
private func emit(_ text: String, to file: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) }
        guard count > 0 else {
            return
        }
        bytes = bytes.dropFirst(count)
    }
}

/// `write(2)` by a name that no method here hides.
private func writeBytes(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, bytes, count)
}
