// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI

/// How people name images.
package enum ImageReference {
    /// Whether `reference` names `image`: its id, with or without `sha256:`, a prefix of that with at
    /// least four digits, a tag, or a digest.
    static func matches(_ image: ImageSummary, _ reference: String) -> Bool {
        let names = normalized(reference)
        if image.repoTags.contains(names) || image.repoDigests.contains(reference) || image.id == reference {
            return true
        }
        let digits = reference.hasPrefix("sha256:") ? reference.dropFirst(7) : reference[...]
        return digits.count >= 4 && digits.utf8.allSatisfy(isHexDigit) && image.id.dropFirst(7).hasPrefix(digits)
    }

    /// The name as an engine lists it: without `docker.io/` and `library/`, with `:latest` when there
    /// is neither a tag nor a digest.
    package static func normalized(_ reference: String) -> String {
        var name = reference[...]
        for prefix in ["docker.io/", "index.docker.io/", "library/"] where name.hasPrefix(prefix) {
            name = name.dropFirst(prefix.count)
        }
        let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? name
        return last.contains(":") || last.contains("@") ? String(name) : "\(name):latest"
    }

    /// Whether `reference` is an id with its kind in front; a bare prefix of one may be a name as well.
    static func isID(_ reference: String) -> Bool {
        reference.hasPrefix("sha256:")
    }

    /// The name without tag and digest: `redis:7` is `redis`.
    static func repository(of tag: String) -> String {
        let name = tag.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else {
            return String(name)
        }
        return String(name[..<colon])
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }
}
