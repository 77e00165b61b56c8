// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI

/// An element of the list of containers, made ready to be written out.
///
/// A list of thirty thousand containers is put together from these texts: all that is made anew each time is
/// the node in the names and the line for people, so it is known where in the text they are.
package struct ContainerListing: Sendable {
    /// As the engine wrote it, but published ports have addresses that clients can reach.
    package let text: JSON
    /// Where the values of `Names` and `Status` are in the bytes of ``text``, from its beginning; `nil` when
    /// the element does not have both of them once.
    package let places: Places?

    package struct Places: Sendable, Equatable {
        package let names: Range<Int32>
        package let status: Range<Int32>
        /// Whether there is one name, with a slash in front and nothing to escape.
        package let hasPlainName: Bool
    }

    /// - Parameters:
    ///   - element: of the engine's list.
    ///   - host: of the engine, as clients reach it.
    init(_ element: JSON, host: String) {
        let fields = element.fields
        let names = fields["Names"]
        let plainNames = names.map { JSON($0.strings) }
        let hasPorts = fields["Ports"].map { !$0.elements.isEmpty } ?? true
        let isRewritten = hasPorts || plainNames != names
        let text = isRewritten ? element.rewriting { Self.rewrite(&$0, names: plainNames, host: host) } : element
        self.text = text.detached
        let made = self.text.fields
        guard let names = made.place(of: "Names"), let status = made.place(of: "Status"),
            self.text.bytes.first(at: names.lowerBound) == UInt8(ascii: "[")
        else {
            places = nil
            return
        }
        let value = self.text.bytes.dropFirst(Int(names.lowerBound)).prefix(names.count)
        places = Places(names: names, status: status, hasPlainName: Self.isPlain(value))
    }

    /// Whether the value is of the form `["/a"]`.
    private static func isPlain(_ names: ArraySlice<UInt8>) -> Bool {
        names.count > 5 && names.starts(with: Array("[\"/".utf8)) && names.suffix(2).elementsEqual(Array("\"]".utf8))
            && !names.dropFirst(2).dropLast(2).contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
    }

    private static func rewrite(_ object: inout JSONObject, names: JSON?, host: String) {
        object["Ports"] = object["Ports"].map { ports($0, host: host) }
        if let names {
            object["Names"] = names
        }
    }

    // MARK: Addresses

    /// `[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":32768,"Type":"tcp"}]`, IPv4 first.
    package static func ports(_ json: JSON, host: String) -> JSON {
        let ports = json.elements
        let sorted = ports.filter { !isIPv6($0["IP"]) } + ports.filter { isIPv6($0["IP"]) }
        return JSON(
            withoutDoubles(
                sorted.map { port in
                    port["IP"] == nil ? port : port.rewriting { $0["IP"] = address($0["IP"], host: host) }
                }
            )
        )
    }

    /// Both wildcard addresses become the same one, which clients would take for two bindings.
    package static func withoutDoubles(_ values: [JSON]) -> [JSON] {
        var seen = Set<JSON>()
        return values.filter { seen.insert($0).inserted }
    }

    package static func isIPv6(_ address: JSON?) -> Bool {
        address?.string?.contains(":") ?? false
    }

    /// The host in place of "every address".
    package static func address(_ address: JSON?, host: String) -> JSON? {
        switch address?.string {
        case "0.0.0.0", "::", "": JSON(host)
        default: address
        }
    }
}

extension ArraySlice<UInt8> {
    /// The byte at an offset from the beginning; `nil` when there is none.
    fileprivate func first(at offset: Int32) -> UInt8? {
        dropFirst(Int(offset)).first
    }
}
