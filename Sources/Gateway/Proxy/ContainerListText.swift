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
    private var buffer = ByteBuffer()
    private var isEmpty = true
    /// Lines for people, as JSON, behind each other: thousands of containers have the same few.
    private var lines: [UInt8] = []
    private var known: [StatusLine: Range<Int>] = [:]
    private var last: (key: StatusLine, line: Range<Int>)?

    init(names: GatewayConfiguration.ContainerNames, sizes: [String: JSON], isLong: Bool) {
        self.names = names
        self.sizes = sizes
        buffer.reserveCapacity(isLong ? Self.pieceSize + (16 << 10) : 1024)
        buffer.writeString("[")
    }

    /// Whether it is time to write ``piece`` and to ``clear()``.
    var isFull: Bool { buffer.readableBytes >= Self.pieceSize }

    /// What was appended since the last time.
    var piece: ByteBuffer { buffer }

    /// Makes room for more, in the same memory when nobody has the piece any more.
    mutating func clear() {
        buffer.clear(minimumCapacity: Self.pieceSize + (16 << 10))
    }

    /// Appends the end of the list.
    mutating func end() {
        buffer.writeString("]\n")
    }

    mutating func append(_ place: ContainerOrder.Place, of order: ContainerOrder) {
        let node = order.nodes[Int(place.node)]
        let position = Int(place.position)
        append(node.containers[position], node.facts[position], on: node)
    }

    private mutating func append(_ container: ContainerState, _ facts: ListedFacts, on node: ListedNode) {
        if !isEmpty {
            buffer.writeInteger(UInt8(ascii: ","))
        }
        isEmpty = false
        guard let places = container.places, sizes.isEmpty || sizes[container.id] == nil else {
            let status = Self.status(of: container, on: node.node, now: now)
            let element = sizes[container.id] ?? container.summary.raw
            let text = ContainerRewriting.summary(element, node: node.node, status: status, names: names)
            buffer.writeBytes(text.bytes)
            return
        }
        let status = line(of: container, facts, on: node.node)
        if places.hasPlainName, names == .node {
            return writePlain(container.summary.raw.bytes, places, node.prefix, status)
        }
        write(container.summary.raw.bytes, places, node.prefix, status)
    }

    private static func status(of container: ContainerState, on node: NodeState, now: Double) -> String {
        node.status == .healthy ? container.statusLine(now: now + node.clockOffset) : "Host Down"
    }

    /// Where the line is in ``lines``.
    private mutating func line(of container: ContainerState, _ facts: ListedFacts, on node: NodeState) -> Range<Int> {
        guard node.status == .healthy, let key = StatusLine(facts, now: now + node.clockOffset) else {
            return add(Self.status(of: container, on: node, now: now))
        }
        if let last, last.key == key {
            return last.line
        }
        let line = known[key] ?? add(Self.status(of: container, on: node, now: now))
        known[key] = line
        last = (key, line)
        return line
    }

    private mutating func add(_ line: String) -> Range<Int> {
        let start = lines.count
        lines += JSON(line).bytes
        return start..<lines.count
    }

    /// Writes an element with one name: in most clusters, all of them.
    private mutating func writePlain(
        _ element: ArraySlice<UInt8>,
        _ places: ContainerListing.Places,
        _ prefix: [UInt8],
        _ status: Range<Int>
    ) {
        // Behind `["`.
        let name = Int(places.names.lowerBound) + 2
        let line = Int(places.status.lowerBound)..<Int(places.status.upperBound)
        let lines = lines
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: element.count + prefix.count + status.count) { room in
            element.withUnsafeBytes { element in
                prefix.withUnsafeBytes { prefix in
                    lines.withUnsafeBytes { lines in
                        let status = lines[status]
                        var target = RawTarget(room)
                        if name < line.lowerBound {
                            target.append(element[..<name])
                            target.append(prefix[...])
                            target.append(element[name..<line.lowerBound])
                            target.append(status)
                        } else {
                            target.append(element[..<line.lowerBound])
                            target.append(status)
                            target.append(element[line.upperBound..<name])
                            target.append(prefix[...])
                        }
                        target.append(element[max(name, line.upperBound)...])
                        return target.count
                    }
                }
            }
        }
    }

    private mutating func write(
        _ bytes: ArraySlice<UInt8>,
        _ places: ContainerListing.Places,
        _ prefix: [UInt8],
        _ status: Range<Int>
    ) {
        let (first, second) =
            places.names.lowerBound < places.status.lowerBound
            ? (places.names, places.status) : (places.status, places.names)
        let start = bytes.startIndex
        buffer.writeBytes(bytes[start..<(start + Int(first.lowerBound))])
        for (place, end) in [(first, Int(second.lowerBound)), (second, bytes.count)] {
            if place == places.status {
                buffer.writeBytes(lines[status])
            } else {
                writeNames(bytes[(start + Int(place.lowerBound))..<(start + Int(place.upperBound))], prefix)
            }
            buffer.writeBytes(bytes[(start + Int(place.upperBound))..<(start + end)])
        }
    }

    /// Writes `["/NODE/a"]` for `["/a"]`.
    private mutating func writeNames(_ value: ArraySlice<UInt8>, _ prefix: [UInt8]) {
        guard names == .node else {
            buffer.writeBytes(value)
            return
        }
        var rest = value
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            buffer.writeBytes(rest[...quote])
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

/// Memory to be filled from its beginning.
private struct RawTarget {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ room: UnsafeMutableRawBufferPointer) {
        self.room = room
    }

    mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) {
        UnsafeMutableRawBufferPointer(rebasing: room[count..<(count + bytes.count)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
        count += bytes.count
    }
}
