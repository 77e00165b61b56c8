// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// Room on the disks of this host.
enum FreeSpace {
    /// In bytes, on the file system where `path` is, or will be; `nil` when it cannot be known.
    static func bytes(at path: String) -> Int64? {
        var place = path
        while !place.isEmpty, !FileManager.default.fileExists(atPath: place) {
            place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.isEmpty ? "/" : place)
        return (attributes?[.systemFreeSize] as? NSNumber)?.int64Value
    }
}
