// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One element of a provider's XML answer: its children in order and its text; attributes are left out.
struct XMLElement: Sendable, Equatable {
    var name: String
    var children: [XMLElement] = []
    var text = ""

    /// Elements may lie within each other this deep.
    private static let deepest = 64

    /// Reads a document of elements, text, the five entities and character references.
    ///
    /// - Returns: `nil` for what is not well-formed, or nested too deeply.
    init?(parsing bytes: [UInt8]) {
        var stack = [XMLElement(name: "")]
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        while let open = rest.firstIndex(of: "<") {
            stack[stack.count - 1].text += Self.unescaped(rest[..<open])
            rest = rest[open...]
            guard let tag = Self.takeTag(&rest) else {
                return nil
            }
            guard Self.apply(tag, to: &stack) else {
                return nil
            }
        }
        guard stack.count == 1, let root = stack[0].children.first, stack[0].children.count == 1 else {
            return nil
        }
        self = root
    }

    private init(name: String) {
        self.name = name
    }

    /// The first child called `name`.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the element at a path of names; `nil` when there is none or it is empty.
    func text(_ path: String...) -> String? {
        var element = self
        for name in path {
            guard let child = element[name] else {
                return nil
            }
            element = child
        }
        return element.text.isEmpty ? nil : element.text
    }

    /// The `item`s of the list `name`.
    func items(_ name: String) -> [XMLElement] { self[name]?.children.filter { $0.name == "item" } ?? [] }

    // MARK: Reading

    private enum Tag {
        case open(String)
        case close(String)
        case empty(String)
        case text(String)
        case other
    }

    private static func takeTag(_ rest: inout Substring) -> Tag? {
        for (start, end) in [("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>")] where rest.hasPrefix(start) {
            guard let close = rest.firstRange(of: end) else {
                return nil
            }
            let inside = rest[..<close.lowerBound].dropFirst(start.count)
            rest = rest[close.upperBound...]
            return start == "<![CDATA[" ? .text(String(inside)) : .other
        }
        guard let close = rest.firstIndex(of: ">") else {
            return nil
        }
        let inside = rest[..<close].dropFirst()
        rest = rest[rest.index(after: close)...]
        if inside.hasPrefix("!") {
            return .other
        }
        let name = String(inside.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" })
        guard !name.isEmpty else {
            return nil
        }
        return inside.hasPrefix("/") ? .close(name) : inside.hasSuffix("/") ? .empty(name) : .open(name)
    }

    private static func apply(_ tag: Tag, to stack: inout [XMLElement]) -> Bool {
        switch tag {
        case .other: break
        case .text(let text): stack[stack.count - 1].text += text
        case .empty(let name): stack[stack.count - 1].children.append(XMLElement(name: name))
        case .open(let name):
            stack.append(XMLElement(name: name))
            return stack.count <= deepest
        case .close(let name):
            guard stack.count > 1, let last = stack.popLast(), last.name == name else {
                return false
            }
            stack[stack.count - 1].children.append(last)
        }
        return true
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...].dropFirst()
            guard let end = rest.firstIndex(of: ";") else {
                return result + "&" + rest
            }
            result += character(named: rest[..<end]) ?? "&\(rest[..<end]);"
            rest = rest[end...].dropFirst()
        }
        return result + rest
    }

    private static func character(named name: Substring) -> String? {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let digits = name.dropFirst(name.hasPrefix("#x") ? 2 : 1)
            let number = name.hasPrefix("#") ? UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10) : nil
            return number.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
        }
    }
}
