// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A small tar in memory (POSIX ustar), owned by root.
package struct TarArchive {
    private var bytes: [UInt8] = []

    package init() {}

    /// - Parameters:
    ///   - path: relative, at most 99 bytes.
    ///   - mode: permission bits.
    package mutating func addFolder(_ path: String, mode: Int) {
        addHeader(path + "/", mode: mode, size: 0, type: "5")
    }

    package mutating func addFile(_ path: String, mode: Int, _ content: String) {
        let content = Array(content.utf8)
        addHeader(path, mode: mode, size: content.count, type: "0")
        bytes += content
        pad()
    }

    /// The archive with its end mark.
    package func finished() -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: 1024)
    }

    private mutating func addHeader(_ path: String, mode: Int, size: Int, type: Character) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(String(path.prefix(99)), at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put(String(type), at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        // The sum counts its own field as spaces.
        put("        ", at: 148)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
        bytes += header
    }

    private func octal(_ number: Int, _ width: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private mutating func pad() {
        bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }
}
