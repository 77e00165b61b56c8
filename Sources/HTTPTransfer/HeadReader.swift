// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Puts the head of a response together from the lines that curl delivers.
struct HeadReader {
    /// The largest head taken, in bytes.
    static let limit = 128 << 10

    enum Step: Equatable {
        case more
        case complete(HTTPHead)
        case tooLarge
    }

    /// Whether a redirect is not the response, but on the way to it.
    var followsRedirects = false
    private var head: HTTPHead?
    private var size = 0

    /// Takes one line, its end included.
    mutating func read(_ bytes: [UInt8]) -> Step {
        size += bytes.count
        guard size <= Self.limit else {
            return .tooLarge
        }
        let line = String(decoding: bytes, as: UTF8.self).trimmed
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ", maxSplits: 2)
            head = words.count > 1 ? Int(words[1]).map { HTTPHead(status: $0) } : nil
            return .more
        }
        guard let begun = head else {
            // A trailer, or a line before any status: neither is part of the head.
            return .more
        }
        guard line.isEmpty else {
            if let colon = line.firstIndex(of: ":") {
                let value = String(line[line.index(after: colon)...]).trimmed
                head?.headers.append(HTTPHeader(String(line[..<colon]).trimmed, value))
            }
            return .more
        }
        head = nil
        let isInterim =
            begun.status < 200
            || (followsRedirects && (300..<400).contains(begun.status) && begun.first("Location") != nil)
        return isInterim ? .more : .complete(begun)
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last?.isWhitespace == true {
            text.removeLast()
        }
        return String(text.drop(while: \.isWhitespace))
    }
}
