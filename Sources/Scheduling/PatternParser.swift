// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A regular expression as read.
indirect enum PatternTree {
    case set(PatternSet)
    case assertion(PatternProgram.Instruction)
    case sequence([PatternTree])
    case choice(PatternTree, PatternTree)
    /// `most` is `nil` for no upper bound.
    case repeated(PatternTree, least: Int, most: Int?)
}

/// Reads RE2's syntax: literals, classes, groups, `|`, `* + ? {n,m}`, anchors, `(?i)` and `(?s)`.
struct PatternParser {
    /// The deepest nesting of groups, so that no input exhausts the stack.
    private static let depthLimit = 100
    private static let repeatLimit = 1000

    private let source: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var dotMatchesNewline = false

    init(_ source: String) {
        self.source = Array(source.unicodeScalars)
    }

    mutating func parse() throws(Pattern.Problem) -> PatternTree {
        let tree = try choice()
        guard position == source.count else {
            throw problem("unexpected \")\"")
        }
        return tree
    }

    private func problem(_ text: String) -> Pattern.Problem {
        Pattern.Problem(offset: position, text: text)
    }

    private var next: Unicode.Scalar? { position < source.count ? source[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else {
            return false
        }
        position += 1
        return true
    }

    private mutating func choice() throws(Pattern.Problem) -> PatternTree {
        var tree = try sequence()
        while take("|") {
            tree = .choice(tree, try sequence())
        }
        return tree
    }

    private mutating func sequence() throws(Pattern.Problem) -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            guard let part = try atom() else {
                continue
            }
            parts.append(try repetitions(of: part))
        }
        return .sequence(parts)
    }

    /// `nil` for what sets a flag and matches nothing.
    private mutating func atom() throws(Pattern.Problem) -> PatternTree? {
        guard let scalar = next else {
            throw problem("the expression ends too early")
        }
        switch scalar {
        case "*", "+", "?": throw problem("nothing to repeat before \"\(scalar)\"")
        case "(": return try group()
        case "[": return .set(try PatternClassReader.read(source, at: &position, ignoresCase: ignoresCase))
        case "\\": return try escape()
        default: break
        }
        position += 1
        switch scalar {
        case "^": return .assertion(.textStart)
        case "$": return .assertion(.textEnd)
        case ".": return .set(dotMatchesNewline ? PatternSet(ranges: [], isNegated: true) : .any)
        default: return .set(PatternSet(ranges: [scalar.value...scalar.value], ignoresCase: ignoresCase))
        }
    }

    private mutating func repetitions(of part: PatternTree) throws(Pattern.Problem) -> PatternTree {
        var tree = part
        while let scalar = next {
            let least: Int
            let most: Int?
            switch scalar {
            case "*": (least, most) = (0, nil)
            case "+": (least, most) = (1, nil)
            case "?": (least, most) = (0, 1)
            case "{":
                guard let bounds = try bounds() else {
                    return tree
                }
                (least, most) = bounds
                position -= 1
            default: return tree
            }
            position += 1
            // Lazy or greedy makes no difference to whether there is a match.
            _ = take("?")
            tree = .repeated(tree, least: least, most: most)
        }
        return tree
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; `nil`, with nothing read, when the brace is a literal.
    private mutating func bounds() throws(Pattern.Problem) -> (Int, Int?)? {
        guard let end = source[position...].firstIndex(of: "}") else {
            return nil
        }
        let text = String(String.UnicodeScalarView(source[(position + 1)..<end]))
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard let least = parts.first.flatMap({ Int($0) }), parts.count <= 2 else {
            return nil
        }
        let most = parts.count == 1 ? least : parts[1].isEmpty ? nil : Int(parts[1])
        guard least >= 0, least <= Self.repeatLimit, (most ?? least) <= Self.repeatLimit, (most ?? least) >= least,
            parts.count == 1 || parts[1].isEmpty || most != nil
        else {
            throw problem("the repeat count \"{\(text)}\" is not valid")
        }
        position = end + 1
        return (least, most)
    }

    private mutating func group() throws(Pattern.Problem) -> PatternTree? {
        let start = position
        position += 1
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw problem("groups are nested too deep")
        }
        let flags = (ignoresCase, dotMatchesNewline)
        if take("?"), try groupFlags() {
            return nil
        }
        let tree = try choice()
        guard take(")") else {
            position = start
            throw problem("the group is not closed")
        }
        (ignoresCase, dotMatchesNewline) = flags
        return tree
    }

    /// Reads what follows `(?`; true for `(?i)`, which sets flags for the rest of the group around it.
    private mutating func groupFlags() throws(Pattern.Problem) -> Bool {
        if take("P") {
            guard next == "<" else {
                throw problem("only (?P<name>…) is known")
            }
        }
        if take("<") {
            while let scalar = next, scalar != ">" {
                guard PatternSet.word.contains(scalar) else {
                    throw problem("the name of a group has \"\(scalar)\"")
                }
                position += 1
            }
            guard take(">") else {
                throw problem("the name of a group is not closed")
            }
            return false
        }
        var value = true
        while let scalar = next {
            switch scalar {
            case "i": ignoresCase = value
            case "s": dotMatchesNewline = value
            case "m", "U": break
            case "-": value = false
            case ":":
                position += 1
                return false
            case ")":
                position += 1
                return true
            default: throw problem("unknown flag \"\(scalar)\"")
            }
            position += 1
        }
        throw problem("the flags are not closed")
    }

    private mutating func escape() throws(Pattern.Problem) -> PatternTree {
        guard position + 1 < source.count else {
            throw problem("a backslash ends the expression")
        }
        switch source[position + 1] {
        case "A": return assertion(.textStart)
        case "z": return assertion(.textEnd)
        case "b": return assertion(.wordBoundary(true))
        case "B": return assertion(.wordBoundary(false))
        default: return .set(try PatternClassReader.escape(source, at: &position, ignoresCase: ignoresCase))
        }
    }

    private mutating func assertion(_ instruction: PatternProgram.Instruction) -> PatternTree {
        position += 2
        return .assertion(instruction)
    }
}
