// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import NIOCore

/// A text with places that are filled in: `…"Id":"{id}"…`.
///
/// Cut once, so that filling it in copies bytes and does nothing else.
struct DocumentTemplate: Sendable {
    private enum Piece: Sendable {
        case text([UInt8])
        case place(Int)
    }

    private let pieces: [Piece]

    /// - Parameters:
    ///   - text: line ends, and the spaces after them, are left out.
    ///   - names: of the places, in the order in which their values will be given.
    init(_ text: String, _ names: [String]) {
        let line = text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
        var pieces: [Piece] = []
        var rest = line[...]
        while let next = Self.next(in: rest, names) {
            pieces.append(.text(Array(rest[..<next.range.lowerBound].utf8)))
            pieces.append(.place(next.place))
            rest = rest[next.range.upperBound...]
        }
        self.pieces = pieces + [.text(Array(rest.utf8))]
    }

    private static func next(in text: Substring, _ names: [String]) -> (range: Range<Substring.Index>, place: Int)? {
        names.enumerated().compactMap { place, name in text.firstRange(of: "<\(name)>").map { ($0, place) } }
            .min { $0.0.lowerBound < $1.0.lowerBound }
    }

    /// Appends the text with the values in their places; a place without a value stays empty.
    func write(_ values: [String], to buffer: inout ByteBuffer) {
        for piece in pieces {
            switch piece {
            case .text(let bytes): buffer.writeBytes(bytes)
            case .place(let index): buffer.writeString(index < values.count ? values[index] : "")
            }
        }
    }
}
