// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The functions that a template can call: Go's own that read data, and docker's.
enum TemplateFunctions {
    static let names: Set<String> = [
        "json", "prettyjson", "len", "index", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "print",
        "println", "join", "split", "lower", "upper", "title", "truncate", "pad",
    ]

    /// Calls the function `name`, which is in ``names``.
    static func call(_ name: String, _ arguments: [JSONValue]) throws(OperatorError) -> JSONValue {
        switch name {
        case "json": return .string(try only(name, arguments).compactText)
        case "prettyjson": return .string(try only(name, arguments).text)
        case "len": return .integer(try length(of: try only(name, arguments)))
        case "index": return try index(arguments)
        case "not": return .boolean(!(try only(name, arguments)).isTrue)
        case "and": return try atLeastOne(name, arguments).first { !$0.isTrue } ?? arguments[arguments.count - 1]
        case "or": return try atLeastOne(name, arguments).first { $0.isTrue } ?? arguments[arguments.count - 1]
        case "print": return .string(arguments.map(\.goText).joined())
        case "println": return .string(arguments.map(\.goText).joined(separator: " ") + "\n")
        case "eq", "ne", "lt", "le", "gt", "ge": return .boolean(try compare(name, arguments))
        default: return try text(name, arguments)
        }
    }

    private static func text(_ name: String, _ arguments: [JSONValue]) throws(OperatorError) -> JSONValue {
        switch name {
        case "lower": return .string(try string(name, arguments).lowercased())
        case "upper": return .string(try string(name, arguments).uppercased())
        case "title":
            let text = try string(name, arguments)
            return .string(text.prefix(1).uppercased() + text.dropFirst())
        case "join":
            guard arguments.count == 2, case .array(let parts) = arguments[0] else {
                throw .templateFailed(problem: "join takes a list and a separator")
            }
            return .string(parts.map(\.goText).joined(separator: arguments[1].goText))
        case "split":
            guard arguments.count == 2, let separator = arguments[1].string, !separator.isEmpty else {
                throw .templateFailed(problem: "split takes a string and a separator")
            }
            return .array(
                arguments[0].goText.split(separator: separator, omittingEmptySubsequences: false).map {
                    .string(String($0))
                }
            )
        case "truncate":
            guard arguments.count == 2, let count = arguments[1].integer, count >= 0 else {
                throw .templateFailed(problem: "truncate takes a string and a length")
            }
            return .string(String(arguments[0].goText.prefix(count)))
        case "pad":
            guard arguments.count == 3, let before = arguments[1].integer, let after = arguments[2].integer,
                (0...1000).contains(before), (0...1000).contains(after)
            else {
                throw .templateFailed(problem: "pad takes a string and two numbers of spaces")
            }
            let (left, right) = (String(repeating: " ", count: before), String(repeating: " ", count: after))
            return .string(left + arguments[0].goText + right)
        default: throw .templateFailed(problem: "function \"\(name)\" is not defined")
        }
    }

    private static func only(_ name: String, _ arguments: [JSONValue]) throws(OperatorError) -> JSONValue {
        guard arguments.count == 1 else {
            throw .templateFailed(problem: "\(name) takes 1 argument, not \(arguments.count)")
        }
        return arguments[0]
    }

    private static func string(_ name: String, _ arguments: [JSONValue]) throws(OperatorError) -> String {
        try only(name, arguments).goText
    }

    private static func atLeastOne(_ name: String, _ arguments: [JSONValue]) throws(OperatorError) -> [JSONValue] {
        guard !arguments.isEmpty else {
            throw .templateFailed(problem: "\(name) takes at least 1 argument")
        }
        return arguments
    }

    private static func length(of value: JSONValue) throws(OperatorError) -> Int {
        switch value {
        case .string(let text): return text.utf8.count
        case .array(let elements): return elements.count
        case .object(let members): return members.count
        default: throw .templateFailed(problem: "len of \(value.goText), which has no length")
        }
    }

    private static func index(_ arguments: [JSONValue]) throws(OperatorError) -> JSONValue {
        var value = try atLeastOne("index", arguments)[0]
        for key in arguments.dropFirst() {
            switch (value, key) {
            case (.array(let elements), .integer(let position)):
                guard elements.indices.contains(position) else {
                    throw .templateFailed(problem: "index \(position) of a list of \(elements.count)")
                }
                value = elements[position]
            case (.object(let members), .string(let name)): value = members[name] ?? .null
            default: throw .templateFailed(problem: "index \(key.goText) of \(value.goText)")
            }
        }
        return value
    }

    private static func compare(_ name: String, _ arguments: [JSONValue]) throws(OperatorError) -> Bool {
        guard arguments.count >= 2 else {
            throw .templateFailed(problem: "\(name) takes at least 2 arguments")
        }
        let (first, second) = (arguments[0], arguments[1])
        switch name {
        case "eq": return arguments.dropFirst().contains { areEqual(first, $0) }
        case "ne": return !areEqual(first, second)
        case "lt": return try precedes(first, second)
        case "ge": return !(try precedes(first, second))
        case "gt": return try precedes(second, first)
        default: return !(try precedes(second, first))
        }
    }

    private static func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if let left = number(left), let right = number(right) {
            return left == right
        }
        return left == right
    }

    private static func precedes(_ left: JSONValue, _ right: JSONValue) throws(OperatorError) -> Bool {
        if let left = number(left), let right = number(right) {
            return left < right
        }
        guard let left = left.string, let right = right.string else {
            throw .templateFailed(problem: "\(left.goText) and \(right.goText) have no order")
        }
        return left < right
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
