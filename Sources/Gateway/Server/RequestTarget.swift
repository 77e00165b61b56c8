// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// The target of a request's first line, taken apart.
package struct RequestTarget: Sendable {
    /// The version in the path.
    package let version: APIVersion?
    /// The decoded segments of the path, without the version in front; none is empty, `.` or `..`.
    package let segments: [String]
    /// Names and values in order, decoded.
    package let query: [(name: String, value: String)]

    /// Reads path and query, percent-encoded.
    ///
    /// - Throws: ``GatewayError/badRequest(_:)``.
    package init(_ text: String) throws(GatewayError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = try Self.path(parts.first ?? "")
        if let first = path.first, first.hasPrefix("v"), let version = APIVersion(first.dropFirst()) {
            self.version = version
            path.removeFirst()
        } else {
            version = nil
        }
        segments = path
        query = try parts.count > 1 ? Self.query(parts[1]) : []
    }

    /// The version in front of a path; also of a target that is otherwise wrong.
    static func version(of target: String) -> APIVersion? {
        guard target.hasPrefix("/v") else {
            return nil
        }
        return APIVersion(target.dropFirst(2).prefix { $0 != "/" && $0 != "?" })
    }

    /// Splits the path, and refuses what an engine might resolve to another one.
    private static func path(_ text: Substring) throws(GatewayError) -> [String] {
        var target = text
        // The absolute form, which proxies use.
        if !target.hasPrefix("/"), let range = target.firstRange(of: "://") {
            target = target[range.upperBound...].drop { $0 != "/" }
        }
        guard target.hasPrefix("/") else {
            throw .badRequest("bad path")
        }
        var segments: [String] = []
        for part in target.utf8.split(separator: UInt8(ascii: "/")).map({ Substring($0) }) {
            guard part.utf8.contains(UInt8(ascii: "%")) else {
                segments.append(String(part))
                continue
            }
            guard let segment = PercentEncoding.decode(part), segment != ".", segment != ".." else {
                throw .badRequest("bad path")
            }
            // An encoded slash separates like a plain one: names of nodes and images contain it.
            segments += segment.split(separator: "/").map { String($0) }
        }
        guard !segments.contains(".."), !segments.contains(".") else {
            throw .badRequest("bad path")
        }
        return segments
    }

    private static func query(_ text: Substring) throws(GatewayError) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        for part in text.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(sides[0], plusIsSpace: true),
                let value = PercentEncoding.decode(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
            else {
                throw .badRequest("bad query")
            }
            query.append((name: name, value: value))
        }
        return query
    }
}
