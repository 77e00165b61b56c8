// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOCore

/// The text of a list of containers, put together piece by piece from what is kept of each.
struct ContainerListText {
    private static let pieceSize = 128 << 10

    private let names: GatewayConfiguration.ContainerNames
    /// The engines' elements with sizes, by id.
    private let sizes: [String: JSON]
    private let now = WallTime.now
    private var buffer = ByteBuffer(string: "[")
    private var isEmpty = true
    /// The node of the last container, and its name inside of a JSON string, after a slash.
    private var node: NodeState?
    private var prefix: [UInt8] = []
    /// Lines for people, as JSON: thousands of containers have the same few.
    private var lines: [StatusLine: [UInt8]] = [:]

    init(names: GatewayConfiguration.ContainerNames, sizes: [String: JSON]) {
        self.names = names
        self.sizes = sizes
    }

    /// Whether it is time to ``take()``.
    var isFull: Bool { buffer.readableBytes >= Self.pieceSize }

    /// What was appended since the last time.
    mutating func take() -> ByteBuffer {
        let piece = buffer
        buffer = ByteBuffer()
        buffer.reserveCapacity(Self.pieceSize + (16 << 10))
        return piece
    }

    /// The rest, with the end of the list.
    mutating func takeLast() -> ByteBuffer {
        buffer.writeString("]\n")
        return take()
    }

    mutating func append(_ container: ContainerState, on node: NodeState) {
        if !isEmpty {
            buffer.writeInteger(UInt8(ascii: ","))
        }
        isEmpty = false
        guard let places = container.places, sizes.isEmpty || sizes[container.id] == nil else {
            let status = Self.status(of: container, on: node, now: now)
            let element = sizes[container.id] ?? container.summary.raw
            let text = ContainerRewriting.summary(element, node: node, status: status, names: names)
            buffer.writeBytes(text.bytes)
            return
        }
        let status = line(of: container, on: node)
        enter(node)
        let bytes = container.summary.raw.bytes
        let (first, second) =
            places.names.lowerBound < places.status.lowerBound
            ? (places.names, places.status) : (places.status, places.names)
        let start = bytes.startIndex
        buffer.writeBytes(bytes[start..<(start + Int(first.lowerBound))])
        write(first, of: bytes, places, status)
        buffer.writeBytes(bytes[(start + Int(first.upperBound))..<(start + Int(second.lowerBound))])
        write(second, of: bytes, places, status)
        buffer.writeBytes(bytes[(start + Int(second.upperBound))...])
    }

    private static func status(of container: ContainerState, on node: NodeState, now: Double) -> String {
        node.status == .healthy ? container.statusLine(now: now + node.clockOffset) : "Host Down"
    }

    private mutating func line(of container: ContainerState, on node: NodeState) -> [UInt8] {
        guard node.status == .healthy, let key = StatusLine(container, now: now + node.clockOffset) else {
            return Array(JSON(Self.status(of: container, on: node, now: now)).bytes)
        }
        if let known = lines[key] {
            return known
        }
        let made = Array(JSON(Self.status(of: container, on: node, now: now)).bytes)
        lines[key] = made
        return made
    }

    private mutating func enter(_ node: NodeState) {
        guard self.node !== node else {
            return
        }
        self.node = node
        // Without the quote at its end.
        prefix = Array(JSON("/\(node.name)").bytes.dropLast())
    }

    private mutating func write(
        _ place: Range<Int32>,
        of bytes: ArraySlice<UInt8>,
        _ places: ContainerListing.Places,
        _ status: [UInt8]
    ) {
        let start = bytes.startIndex
        let value = bytes[(start + Int(place.lowerBound))..<(start + Int(place.upperBound))]
        if place == places.status {
            buffer.writeBytes(status)
        } else if names == .node {
            writeNames(value)
        } else {
            buffer.writeBytes(value)
        }
    }

    /// Writes `["/NODE/a"]` for `["/a"]`.
    private mutating func writeNames(_ value: ArraySlice<UInt8>) {
        var rest = value
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            buffer.writeBytes(rest[..<quote])
            buffer.writeBytes(prefix)
            let inner = rest[(quote + 1)...]
            if inner.first != UInt8(ascii: "/"), !inner.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "/")]) {
                buffer.writeInteger(UInt8(ascii: "/"))
            }
            let end = Self.endOfString(inner)
            buffer.writeBytes(inner[..<end])
            rest = inner[end...]
        }
        buffer.writeBytes(rest)
    }

    /// The index after the quote that ends a string.
    private static func endOfString(_ text: ArraySlice<UInt8>) -> Int {
        var index = text.startIndex
        while index < text.endIndex, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, text.endIndex)
    }
}
