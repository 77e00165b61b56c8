// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Walks over DER (X.690), as far as certificates need it.
struct DERReader {
    /// One element: its tag (X.690, 8.1.2, in one byte) and what is in it.
    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>

        /// The elements in it; `nil` when it is not made of elements.
        var children: [Element]? {
            var reader = DERReader(content)
            var elements: [Element] = []
            while !reader.isAtEnd {
                guard let element = reader.next() else {
                    return nil
                }
                elements.append(element)
            }
            return elements
        }
    }

    static let sequence: UInt8 = 0x30

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next element; `nil` when there is none, or it breaks off.
    mutating func next() -> Element? {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else {
            return nil
        }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            // Three bytes of length are more than any certificate has.
            guard (1...3).contains(count), rest.count >= count else {
                return nil
            }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else {
            return nil
        }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return Element(tag: tag, content: content)
    }
}
