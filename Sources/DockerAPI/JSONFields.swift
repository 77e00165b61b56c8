// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The members of a JSON object, found once, to look up several of them.
///
/// Looking up one by one with ``JSON/subscript(_:)`` walks over the whole object each time.
package struct JSONFields: Sendable {
    /// A member: its name in quotes, and its value; in bytes from the beginning of the object.
    struct Place: Sendable {
        let key: Range<Int32>
        let value: Range<Int32>

        init(key: Range<Int>, value: Range<Int>) {
            self.key = Self.short(key)
            self.value = Self.short(value)
        }

        func hasKey(_ name: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            JSONScanner.isKey(Int(key.lowerBound)..<Int(key.upperBound), of: bytes, name)
        }

        private static func short(_ range: Range<Int>) -> Range<Int32> {
            Int32(clamping: range.lowerBound)..<Int32(clamping: range.upperBound)
        }
    }

    private let text: ArraySlice<UInt8>
    private let places: [Place]

    /// Whether there are no members.
    package var isEmpty: Bool { places.isEmpty }

    init(_ json: JSON) {
        text = json.bytes
        // Answers are not that long; one that were would have no members here.
        places = json.isObject && text.count < Int32.max ? JSONScanner(text).places() : []
    }

    /// The member by its exact name; the last one when a name is there twice, `nil` also when its value is `null`.
    package subscript(name: StaticString) -> JSON? {
        value(of: name).flatMap { $0.isNull ? nil : $0 }
    }

    /// Where the value of a member is, in bytes from the beginning of the object; `nil` unless it is there once.
    package func place(of name: StaticString) -> Range<Int32>? {
        let count = text.withUnsafeBufferPointer { bytes in
            name.withUTF8Buffer { name in places.count { $0.hasKey(name, in: bytes) } }
        }
        return count == 1 ? last(name)?.value : nil
    }

    private func value(of name: StaticString) -> JSON? {
        last(name).map { place in
            let start = text.startIndex
            return JSON(
                validated: text[(start + Int(place.value.lowerBound))..<(start + Int(place.value.upperBound))]
            )
        }
    }

    private func last(_ name: StaticString) -> Place? {
        text.withUnsafeBufferPointer { bytes in
            name.withUTF8Buffer { name in places.last { $0.hasKey(name, in: bytes) } }
        }
    }
}
