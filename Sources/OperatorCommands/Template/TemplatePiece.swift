// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Text, or the words between `{{` and `}}`.
enum TemplatePiece: Sendable, Equatable {
    case text(String)
    case action([TemplateToken])

    /// Cuts a template into its pieces; comments are dropped and trim markers applied.
    static func split(_ text: String) throws(OperatorError) -> [TemplatePiece] {
        var pieces: [TemplatePiece] = []
        var rest = Substring(text)
        var trimsNext = false
        while let open = rest.firstRange(of: "{{") {
            var plain = String(rest[..<open.lowerBound])
            rest = rest[open.upperBound...]
            guard let close = end(of: rest) else {
                throw .badTemplate(problem: "\"{{\" without \"}}\"")
            }
            var inside = rest[..<close]
            rest = rest[close...].dropFirst(2)
            if trimsNext {
                plain = String(plain.drop(while: \.isWhitespace))
            }
            if inside.first == "-", inside.dropFirst().first?.isWhitespace == true {
                inside = inside.dropFirst()
                while plain.last?.isWhitespace == true {
                    plain.removeLast()
                }
            }
            trimsNext = inside.last == "-" && inside.dropLast().last?.isWhitespace == true
            if trimsNext {
                inside = inside.dropLast()
            }
            pieces.append(.text(plain))
            if !isComment(inside) {
                pieces.append(.action(try TemplateToken.tokens(of: inside)))
            }
        }
        pieces.append(.text(trimsNext ? String(rest.drop(while: \.isWhitespace)) : String(rest)))
        return pieces.compactMap(unescaped)
    }

    /// Where `}}` is that is not within a quoted string.
    private static func end(of text: Substring) -> Substring.Index? {
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            if let open = quote {
                if character == "\\", open == "\"" {
                    index = text.index(after: index)
                    guard index < text.endIndex else {
                        return nil
                    }
                } else if character == open {
                    quote = nil
                }
            } else if character == "\"" || character == "`" {
                quote = character
            } else if text[index...].hasPrefix("}}") {
                return index
            }
            index = text.index(after: index)
        }
        return nil
    }

    private static func isComment(_ inside: Substring) -> Bool {
        let inner = inside.drop(while: \.isWhitespace)
        return inner.hasPrefix("/*")
    }

    private static func unescaped(_ piece: TemplatePiece) -> TemplatePiece? {
        guard case .text(let text) = piece else {
            return piece
        }
        guard !text.isEmpty else {
            return nil
        }
        return .text(text.replacing("\\n", with: "\n").replacing("\\t", with: "\t"))
    }
}

/// A word of an action.
enum TemplateToken: Sendable, Equatable {
    case word(String)
    case literal(JSONValue)
    /// Fields in a row: `.a.b`; empty for `.` alone.
    case field([String])
    case variable(String, path: [String])
    case openParenthesis
    /// With the fields that follow it.
    case closeParenthesis(path: [String])
    case pipe, comma, define

    static func tokens(of text: Substring) throws(OperatorError) -> [TemplateToken] {
        var scanner = TemplateScanner(rest: text)
        var tokens: [TemplateToken] = []
        while let token = try scanner.next() {
            tokens.append(token)
        }
        return tokens
    }
}

/// Reads the words of one action.
private struct TemplateScanner {
    var rest: Substring

    mutating func next() throws(OperatorError) -> TemplateToken? {
        rest = rest.drop(while: \.isWhitespace)
        guard let first = rest.first else {
            return nil
        }
        switch first {
        case "(": return take(1, .openParenthesis)
        case ")":
            rest = rest.dropFirst()
            return .closeParenthesis(path: try fields())
        case "|": return take(1, .pipe)
        case ",": return take(1, .comma)
        case ":" where rest.hasPrefix(":="): return take(2, .define)
        case "=": return take(1, .define)
        case "\"": return .literal(.string(try quoted()))
        case "`": return .literal(.string(try raw()))
        case ".": return .field(try fields())
        case "$":
            rest = rest.dropFirst()
            return .variable(name(), path: try fields())
        case _ where first.isNumber || first == "-" || first == "+": return .literal(try number())
        case _ where Self.isName(first): return word(name())
        default: throw .badTemplate(problem: "unexpected \"\(first)\"")
        }
    }

    private mutating func take(_ count: Int, _ token: TemplateToken) -> TemplateToken {
        rest = rest.dropFirst(count)
        return token
    }

    private func word(_ name: String) -> TemplateToken {
        switch name {
        case "true": .literal(.boolean(true))
        case "false": .literal(.boolean(false))
        case "nil": .literal(.null)
        default: .word(name)
        }
    }

    private mutating func name() -> String {
        let name = rest.prefix(while: Self.isName)
        rest = rest.dropFirst(name.count)
        return String(name)
    }

    /// `.a.b` at the beginning of what is left; empty when there is none, or a dot alone.
    private mutating func fields() throws(OperatorError) -> [String] {
        var path: [String] = []
        while rest.first == "." {
            rest = rest.dropFirst()
            let field = name()
            if field.isEmpty {
                guard path.isEmpty, rest.first != "." else {
                    throw .badTemplate(problem: "a field's name is missing after \".\"")
                }
                return []
            }
            path.append(field)
        }
        return path
    }

    private mutating func number() throws(OperatorError) -> JSONValue {
        let text = rest.prefix { $0.isNumber || $0.isLetter || "+-._".contains($0) }
        rest = rest.dropFirst(text.count)
        if let value = Int(text) {
            return .integer(value)
        }
        guard let value = Double(text) else {
            throw .badTemplate(problem: "\"\(text)\" is no number")
        }
        return .number(value)
    }

    private mutating func raw() throws(OperatorError) -> String {
        let text = rest.dropFirst().prefix { $0 != "`" }
        guard rest.count >= text.count + 2 else {
            throw .badTemplate(problem: "a string does not end")
        }
        rest = rest.dropFirst(text.count + 2)
        return String(text)
    }

    private mutating func quoted() throws(OperatorError) -> String {
        rest = rest.dropFirst()
        var result = ""
        while let character = rest.popFirst() {
            if character == "\"" {
                return result
            }
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case let other? where "\\\"'".contains(other): result.append(other)
            default: throw .badTemplate(problem: "an unknown \"\\\" sequence in a string")
            }
        }
        throw .badTemplate(problem: "a string does not end")
    }

    private static func isName(_ character: Character) -> Bool {
        character == "_" || character.isLetter || character.isNumber
    }
}
