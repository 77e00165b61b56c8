// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A version of the Docker Engine, as far as versions are compared: `20.10.24`.
package struct EngineVersion: Sendable, Comparable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var patch: Int

    /// The oldest engine that a node may run.
    package static let oldest = EngineVersion(20, 10, 0)

    package init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads `20.10.24+dfsg1`, `28.5.2`, `5:27.3.1-1~debian.12~bookworm`; `nil` for text without a number.
    package init?(parsing text: String) {
        let withoutEpoch = text.split(separator: ":", maxSplits: 1).last ?? ""
        let numbers =
            withoutEpoch
            .prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
            .split(separator: ".")
            .prefix(3)
            .map { Int($0) ?? 0 }
        guard let major = numbers.first else {
            return nil
        }
        self.init(major, numbers.count > 1 ? numbers[1] : 0, numbers.count > 2 ? numbers[2] : 0)
    }

    package var description: String { "\(major).\(minor).\(patch)" }

    package static func < (left: EngineVersion, right: EngineVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}
