// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// `path` from the root of the file system, so that another program may be told of it.
func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}

/// Removes the file or folder at `path`; nothing there is no error.
///
/// - Throws: `CocoaError`.
func removeTree(_ path: String) throws {
    do {
        try FileManager.default.removeItem(atPath: path)
    } catch CocoaError.fileNoSuchFile {
        return
    }
}
