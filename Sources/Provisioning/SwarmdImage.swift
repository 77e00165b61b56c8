// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import PKI
package import SwarmCore

/// The image of `swarmd`, as a file that an engine takes.
///
/// One layer with one static executable; no registry and no engine is needed to make it.
package struct SwarmdImage: Sendable, Equatable {
    /// The tar's path.
    package let path: String
    /// `swarmd:VERSION-SHA12`, after the digest of the executable.
    package let tag: String
    /// For how many bytes a progress line waits.
    package let size: Int64
    /// What the executable runs on, in Docker's words: `amd64`, `arm64`.
    package let architecture: String
    /// Whether the file is a layer for `docker import`, not an archive for `docker load`, for which an engine starts a
    /// program more.
    package let isLayer: Bool

    package init(path: String, tag: String, size: Int64, architecture: String = "amd64", isLayer: Bool = false) {
        self.path = path
        self.tag = tag
        self.size = size
        self.architecture = architecture
        self.isLayer = isLayer
    }

    /// Writes the image of an executable into a folder, unless it is there.
    ///
    /// The same executable gives the same bytes. Two processes may do it at once.
    ///
    /// - Parameters:
    ///   - executable: a static `swarmd` for Linux.
    ///   - folder: where the tar is kept; made when missing.
    ///   - version: the first part of the tag.
    ///   - isFrame: whether the executable's file is empty in it, for hosts that mount their own copy there; the
    ///     image is a layer then.
    /// - Returns: the image's file and tag.
    /// - Throws: ``SwarmdImageError``, ``FileError``.
    package static func make(
        executable: String,
        folder: String,
        version: String,
        isFrame: Bool = false
    ) async throws -> SwarmdImage {
        try await runBlocking {
            try write(ExecutableFile(path: executable), folder: folder, version: version, isFrame: isFrame)
        }
    }

    static func write(
        _ source: ExecutableFile,
        folder: String,
        version: String,
        isFrame: Bool
    ) throws -> SwarmdImage {
        let name = "\(version)-\(try source.digest().prefix(12))\(isFrame ? "-frame" : "")"
        let tag = "swarmd:\(name)"
        let path = "\(folder)/swarmd-\(name)\(isFrame ? ".layer" : "").tar"
        func image(_ size: Int64) -> SwarmdImage {
            SwarmdImage(path: path, tag: tag, size: size, architecture: source.architecture, isLayer: isFrame)
        }
        if let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64 {
            return image(size)
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let temporary = "\(path).tmp-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(temporary) }
        let size = try isFrame ? writeFrame(to: temporary) : writeArchive(of: source, tag: tag, to: temporary)
        guard rename(temporary, path) == 0 else {
            throw FileError(action: "write", path: path, code: errno)
        }
        return image(size)
    }

    /// The layer with an empty file where the executable goes.
    private static func writeFrame(to path: String) throws -> Int64 {
        let writer = try TarWriter(path: path)
        try writer.write(TarWriter.header(name: "swarmd", size: 0, mode: 0o755))
        try writer.write(TarWriter.end)
        return try writer.finish()
    }

    /// The archive that `docker save` would write: the layer, the configuration, and the list of both.
    private static func writeArchive(of source: ExecutableFile, tag: String, to path: String) throws -> Int64 {
        let writer = try TarWriter(path: path)
        let header = TarWriter.header(name: "swarmd", size: source.size, mode: 0o755)
        let layerEnd = TarWriter.padding(after: source.size) + TarWriter.end
        var digest = try SHA256Digest()
        try writer.write(
            TarWriter.header(
                name: "layer.tar",
                size: Int64(header.count) + source.size + Int64(layerEnd.count),
                mode: 0o644
            )
        )
        digest.update(header)
        try writer.write(header)
        try source.forEachPiece { piece in
            digest.update(piece)
            try writer.write(piece)
        }
        digest.update(layerEnd)
        try writer.write(layerEnd)
        let layer = digest.hexadecimal()
        let configuration = configuration(layer: layer, architecture: source.architecture)
        var configurationDigest = try SHA256Digest()
        configurationDigest.update(configuration.utf8)
        let name = configurationDigest.hexadecimal() + ".json"
        try writer.file(name, configuration)
        let manifest = JSONValue.array([
            .object([
                .init(key: "Config", value: .string(name)),
                .init(key: "RepoTags", value: .strings([tag])),
                .init(key: "Layers", value: .strings(["layer.tar"])),
            ])
        ])
        try writer.file("manifest.json", manifest.text())
        try writer.write(TarWriter.end)
        return try writer.finish()
    }

    private static func configuration(layer: String, architecture: String) -> String {
        let created = JSONValue.string("1970-01-01T00:00:00Z")
        return JSONValue.object([
            .init(key: "architecture", value: .string(architecture)),
            .init(key: "os", value: .string("linux")),
            .init(key: "created", value: created),
            .init(
                key: "config",
                value: .object([
                    .init(key: "Entrypoint", value: .strings(["/swarmd"])),
                    .init(key: "WorkingDir", value: .string("/")),
                ])
            ),
            .init(
                key: "rootfs",
                value: .object([
                    .init(key: "type", value: .string("layers")),
                    .init(key: "diff_ids", value: .strings(["sha256:\(layer)"])),
                ])
            ),
            .init(
                key: "history",
                value: .array([
                    .object([
                        .init(key: "created", value: created),
                        .init(key: "created_by", value: .string("swarmctl")),
                    ])
                ])
            ),
        ]).text()
    }
}

/// Why no image could be made of a file.
package enum SwarmdImageError: UserFacingError, Equatable {
    case notAnExecutable(path: String)
    case tooSmall(path: String)

    package var message: String {
        switch self {
        case .notAnExecutable(let path): "\"\(path)\" is not an executable for 64-bit Linux on x86 or ARM"
        case .tooSmall(let path): "\"\(path)\" changed while it was read"
        }
    }

    package var hint: String? { "build it with `make`, or name another with `--swarmd`" }
    package var kind: ErrorKind { .failed }
}
