// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A small ISO 9660 image with Joliet names, as cloud-init's NoCloud reads its data from.
///
/// ECMA-119 for the structure, with Joliet's second set of descriptors for names in lower case with dashes.
package struct SeedImage: Sendable {
    private static let sector = 2048
    /// Where the file data begins: after the descriptors, four path tables and two folders.
    private static let firstData = 25

    private let label: String
    private let files: [(name: String, content: [UInt8])]

    /// - Parameters:
    ///   - label: `cidata` for NoCloud.
    ///   - files: at most twenty, by name; all are in the root folder.
    package init(label: String = "cidata", files: [(name: String, content: [UInt8])]) {
        self.label = label
        self.files = files.sorted { $0.name < $1.name }
    }

    /// The whole image.
    package var bytes: [UInt8] {
        var starts: [Int] = []
        var next = Self.firstData
        for file in files {
            starts.append(next)
            next += max(1, (file.content.count + Self.sector - 1) / Self.sector)
        }
        var image = [UInt8](repeating: 0, count: 16 * Self.sector)
        image += descriptor(isJoliet: false, sectors: next)
        image += descriptor(isJoliet: true, sectors: next)
        image += Self.padded([255] + Array("CD001".utf8) + [1])
        // Two tables for each set of names, whose only folder is the root.
        for (root, isLittle) in [(23, true), (23, false), (24, true), (24, false)] {
            image += Self.padded([1, 0] + Self.number(root, 4, isLittle) + Self.number(1, 2, isLittle) + [0, 0])
        }
        image += folder(isJoliet: false, starts: starts)
        image += folder(isJoliet: true, starts: starts)
        for file in files {
            image += Self.padded(file.content)
        }
        return image
    }

    private func descriptor(isJoliet: Bool, sectors: Int) -> [UInt8] {
        let blank: [UInt8] = isJoliet ? Self.wide(String(repeating: " ", count: 16)) : Array(repeating: 32, count: 32)
        let name = (isJoliet ? Self.wide(label) : Array(label.utf8)) + blank
        var bytes: [UInt8] = [isJoliet ? 2 : 1] + Array("CD001".utf8) + [1, 0]
        bytes += blank
        bytes += name.prefix(32)
        bytes += Array(repeating: 0, count: 8)
        bytes += Self.both(sectors, 4)
        // The escape sequence says that names are UCS-2, level 3.
        bytes += isJoliet ? [0x25, 0x2F, 0x45] : [0, 0, 0]
        bytes += Array(repeating: 0, count: 29)
        bytes += Self.both(1, 2) + Self.both(1, 2) + Self.both(Self.sector, 2) + Self.both(10, 4)
        bytes += Self.number(isJoliet ? 21 : 19, 4, true) + [0, 0, 0, 0]
        bytes += Self.number(isJoliet ? 22 : 20, 4, false) + [0, 0, 0, 0]
        bytes += Self.entry([0], start: isJoliet ? 24 : 23, size: Self.sector, isFolder: true)
        let space: [UInt8] = isJoliet ? [0, 32] : [32]
        while bytes.count < 813 {
            bytes += space
        }
        bytes = Array(bytes.prefix(813))
        for _ in 0..<4 {
            bytes += Array(repeating: UInt8(ascii: "0"), count: 16) + [0]
        }
        return Self.padded(bytes + [1, 0])
    }

    private func folder(isJoliet: Bool, starts: [Int]) -> [UInt8] {
        let own = isJoliet ? 24 : 23
        var bytes = Self.entry([0], start: own, size: Self.sector, isFolder: true)
        bytes += Self.entry([1], start: own, size: Self.sector, isFolder: true)
        for (index, file) in files.enumerated() {
            let name = isJoliet ? Self.wide(file.name) : Array("F\(index).;1".utf8)
            bytes += Self.entry(name, start: starts[index], size: file.content.count, isFolder: false)
        }
        return Self.padded(bytes)
    }

    private static func entry(_ name: [UInt8], start: Int, size: Int, isFolder: Bool) -> [UInt8] {
        var bytes: [UInt8] = [0, 0] + both(start, 4) + both(size, 4)
        // 2000-01-01 00:00:00: the same input makes the same image.
        bytes += [100, 1, 1, 0, 0, 0, 0, isFolder ? 2 : 0, 0, 0] + both(1, 2)
        bytes += [UInt8(truncatingIfNeeded: name.count)] + name
        if name.count.isMultiple(of: 2) {
            bytes.append(0)
        }
        bytes[0] = UInt8(truncatingIfNeeded: bytes.count)
        return bytes
    }

    /// UCS-2, high byte first.
    private static func wide(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    private static func number(_ value: Int, _ count: Int, _ isLittle: Bool) -> [UInt8] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        return isLittle ? bytes : bytes.reversed()
    }

    /// A number in both orders of bytes.
    private static func both(_ value: Int, _ count: Int) -> [UInt8] {
        number(value, count, true) + number(value, count, false)
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        let rest = bytes.count % sector
        return bytes + [UInt8](repeating: 0, count: rest == 0 && !bytes.isEmpty ? 0 : sector - rest)
    }
}
