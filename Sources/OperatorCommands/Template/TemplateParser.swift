// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Builds the tree of a template from its pieces.
struct TemplateParser {
    /// More than anybody nests; keeps the stack from overflowing.
    private static let deepest = 100

    private let pieces: [TemplatePiece]
    private var position = 0
    private var depth = 0

    init(pieces: [TemplatePiece]) {
        self.pieces = pieces
    }

    /// Reads all pieces.
    mutating func parseAll() throws(OperatorError) -> [TemplateNode] {
        let (nodes, end) = try parseList()
        guard end == nil else {
            throw .badTemplate(problem: "\"\(end?.word ?? "end")\" without \"if\", \"range\" or \"with\"")
        }
        return nodes
    }

    /// What closed a list of nodes.
    private enum ListEnd {
        case end
        /// The words after `else`.
        case otherwise([TemplateToken])

        var word: String {
            switch self {
            case .end: "end"
            case .otherwise: "else"
            }
        }
    }

    /// Reads nodes up to `end` or `else`, or to the end of the template.
    private mutating func parseList() throws(OperatorError) -> ([TemplateNode], ListEnd?) {
        var nodes: [TemplateNode] = []
        while position < pieces.count {
            let piece = pieces[position]
            position += 1
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .action(let tokens):
                switch tokens.first {
                case nil: throw .badTemplate(problem: "an action is empty")
                case .word("end")?: return (nodes, .end)
                case .word("else")?: return (nodes, .otherwise(Array(tokens.dropFirst())))
                default: nodes.append(try parseAction(tokens))
                }
            }
        }
        return (nodes, nil)
    }

    private mutating func parseAction(_ tokens: [TemplateToken]) throws(OperatorError) -> TemplateNode {
        guard case .word(let word)? = tokens.first else {
            return .output(try Self.pipeline(tokens))
        }
        switch word {
        case "if", "range", "with": return try parseBlock(word, Array(tokens.dropFirst()))
        case "define", "template", "block", "break", "continue":
            throw .badTemplate(problem: "\"\(word)\" is not supported")
        default: return .output(try Self.pipeline(tokens))
        }
    }

    private mutating func parseBlock(
        _ word: String,
        _ tokens: [TemplateToken]
    ) throws(OperatorError) -> TemplateNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw .badTemplate(problem: "it is nested more than \(Self.deepest) deep")
        }
        let pipeline = try Self.pipeline(tokens)
        let (then, end) = try parseList()
        var otherwise: [TemplateNode] = []
        switch end {
        case nil: throw .badTemplate(problem: "\"\(word)\" without \"end\"")
        case .end?: break
        case .otherwise(let more)?: otherwise = try parseElse(of: word, more)
        }
        switch word {
        case "if": return .branch(pipeline, then: then, otherwise: otherwise)
        case "with": return .with(pipeline, then: then, otherwise: otherwise)
        default: return .range(pipeline, body: then, otherwise: otherwise)
        }
    }

    private mutating func parseElse(
        of word: String,
        _ more: [TemplateToken]
    ) throws(OperatorError) -> [TemplateNode] {
        if case .word(let next)? = more.first {
            guard next == word, next != "range" else {
                throw .badTemplate(problem: "\"else \(next)\" in \"\(word)\"")
            }
            // `else if` is an `if` within `else`, and both end with the same `end`.
            return [try parseBlock(word, Array(more.dropFirst()))]
        }
        guard more.isEmpty else {
            throw .badTemplate(problem: "words after \"else\"")
        }
        let (nodes, end) = try parseList()
        guard case .end? = end else {
            throw .badTemplate(problem: "\"\(word)\" without \"end\"")
        }
        return nodes
    }

    // MARK: Pipelines

    private static func pipeline(_ tokens: [TemplateToken]) throws(OperatorError) -> TemplatePipeline {
        var rest = tokens[...]
        let pipeline = try parsePipeline(&rest, depth: 0)
        guard rest.isEmpty else {
            throw .badTemplate(problem: "\")\" without \"(\"")
        }
        return pipeline
    }

    private static func parsePipeline(
        _ rest: inout ArraySlice<TemplateToken>,
        depth: Int
    ) throws(OperatorError) -> TemplatePipeline {
        guard depth <= deepest else {
            throw .badTemplate(problem: "it is nested more than \(deepest) deep")
        }
        let variables = takeVariables(&rest)
        var commands: [[TemplateOperand]] = [[]]
        loop: while let token = rest.first {
            switch token {
            case .closeParenthesis: break loop
            case .pipe:
                rest = rest.dropFirst()
                guard commands.last?.isEmpty == false else {
                    throw .badTemplate(problem: "a command is missing before \"|\"")
                }
                commands.append([])
            case .comma, .define: throw .badTemplate(problem: "an unexpected \",\" or \":=\"")
            default: commands[commands.count - 1].append(try operand(&rest, depth: depth))
            }
        }
        guard commands.last?.isEmpty == false else {
            throw .badTemplate(problem: "a value is missing")
        }
        return TemplatePipeline(variables: variables, commands: commands)
    }

    /// Takes `$x :=` or `$i, $x :=`.
    private static func takeVariables(_ rest: inout ArraySlice<TemplateToken>) -> [String] {
        let start = Array(rest.prefix(4))
        guard case .variable(let first, let path)? = start.first, path.isEmpty, start.count >= 2 else {
            return []
        }
        if start[1] == .define {
            rest = rest.dropFirst(2)
            return [first]
        }
        if start.count == 4, start[1] == .comma, case .variable(let second, _) = start[2], start[3] == .define {
            rest = rest.dropFirst(4)
            return [first, second]
        }
        return []
    }

    private static func operand(
        _ rest: inout ArraySlice<TemplateToken>,
        depth: Int
    ) throws(OperatorError) -> TemplateOperand {
        switch rest.popFirst() {
        case .literal(let value)?: return .literal(value)
        case .field(let path)?: return .field(path)
        case .variable(let name, let path)?: return .variable(name, path: path)
        case .word(let name)?:
            guard TemplateFunctions.names.contains(name) else {
                throw .badTemplate(problem: "function \"\(name)\" is not defined")
            }
            return .function(name)
        case .openParenthesis?:
            let pipeline = try parsePipeline(&rest, depth: depth + 1)
            guard case .closeParenthesis(let path)? = rest.popFirst() else {
                throw .badTemplate(problem: "\"(\" without \")\"")
            }
            return .group(pipeline, path: path)
        default: throw .badTemplate(problem: "a value is missing")
        }
    }
}
