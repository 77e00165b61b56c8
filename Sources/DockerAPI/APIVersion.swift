// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A version of Docker's API, as in the path `/v1.41/info`.
package struct APIVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.41`; `nil` for anything that is not two numbers of at most four digits.
    package init?(_ text: some StringProtocol) {
        // Byte by byte: every request has one.
        var major: Int?
        var number = 0
        var digits = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: ".") where major == nil && digits > 0:
                major = number
                (number, digits) = (0, 0)
            case UInt8(ascii: "0")...UInt8(ascii: "9") where digits < 4:
                number = number * 10 + Int(byte - UInt8(ascii: "0"))
                digits += 1
            default:
                return nil
            }
        }
        guard let major, digits > 0 else {
            return nil
        }
        self.init(major: major, minor: number)
    }

    package var description: String { "\(major).\(minor)" }

    package static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

/// The range of API versions that an engine speaks.
package struct APIVersionRange: Hashable, Sendable {
    package var lowest: APIVersion
    package var highest: APIVersion

    package init(lowest: APIVersion, highest: APIVersion) {
        self.lowest = lowest
        self.highest = highest
    }

    /// What all of `ranges` have in common; `nil` when there is nothing, or no range.
    package static func common(_ ranges: some Sequence<APIVersionRange>) -> APIVersionRange? {
        var result: APIVersionRange?
        for range in ranges {
            let known = result ?? range
            result = APIVersionRange(
                lowest: max(known.lowest, range.lowest),
                highest: min(known.highest, range.highest)
            )
        }
        return result.flatMap { $0.lowest <= $0.highest ? $0 : nil }
    }

    package func contains(_ version: APIVersion) -> Bool {
        version >= lowest && version <= highest
    }

    /// The version in the range that is nearest to `version`.
    package func clamp(_ version: APIVersion) -> APIVersion {
        max(lowest, min(highest, version))
    }
}
