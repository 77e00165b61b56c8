// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The name of a cluster or a machine: what fits a host name, a folder and a certificate.
///
/// 1 to 63 of `a-z`, `A-Z`, `0-9`, `-` and `.`, beginning with a letter or a digit and not ending
/// in `-` or `.` (docker-machine's rule, cut to a DNS label's length).
package enum ObjectName {
    /// Returns why `name` cannot be used, or `nil` when it can.
    package static func problem(with name: String) -> String? {
        guard let first = name.utf8.first, let last = name.utf8.last else {
            return "it is empty"
        }
        guard name.utf8.count <= 63 else {
            return "it has \(name.utf8.count) characters and 63 are allowed"
        }
        guard isAlphanumeric(first) else {
            return "it must begin with a letter or a digit"
        }
        guard isAlphanumeric(last) else {
            return "it must end with a letter or a digit"
        }
        guard name.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }) else {
            return "only letters, digits, \"-\" and \".\" are allowed"
        }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            false
        }
    }
}
