// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A set of characters as a pattern names it: `a`, `[a-z]`, `\d`, `.`.
struct PatternSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var found = ranges.contains { $0.contains(scalar.value) }
        if !found, ignoresCase {
            let other =
                scalar.properties.isLowercase
                ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            found = other.unicodeScalars.first.map { other in ranges.contains { $0.contains(other.value) } } ?? false
        }
        return found != isNegated
    }
}

/// The program of a pattern, and the machine that runs it.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        case character(PatternSet)
        case split(Int, Int)
        case jump(Int)
        case textStart
        case textEnd
        case wordBoundary(Bool)
        case match
    }

    /// The longest program, in instructions: `a{1000}{1000}` is refused, as in RE2.
    static let limit = 10_000

    var instructions: [Instruction] = []

    /// A program that matches all of the text, with `*` for any run of characters.
    init(glob: String) {
        instructions.append(.textStart)
        for scalar in glob.unicodeScalars {
            if scalar == "*" {
                let here = instructions.count
                instructions += [.split(here + 1, here + 3), .character(.any), .jump(here)]
            } else {
                instructions.append(.character(PatternSet(ranges: [scalar.value...scalar.value])))
            }
        }
        instructions += [.textEnd, .match]
    }

    /// A program that matches anywhere in the text, as Go's `regexp.MatchString`.
    init(regularExpression source: String) throws(Pattern.Problem) {
        var parser = PatternParser(source)
        let tree = try parser.parse()
        guard emit(tree), instructions.count < Self.limit else {
            throw Pattern.Problem(offset: 0, text: "the regular expression is too large")
        }
        instructions.append(.match)
    }

    func matches(_ text: String) -> Bool {
        var machine = PatternMachine(program: self, text: Array(text.unicodeScalars))
        return machine.run()
    }

    /// Appends the program of `tree`; false when it grows beyond ``limit``.
    private mutating func emit(_ tree: PatternTree) -> Bool {
        guard instructions.count < Self.limit else {
            return false
        }
        switch tree {
        case .set(let set): instructions.append(.character(set))
        case .assertion(let instruction): instructions.append(instruction)
        case .sequence(let parts): return parts.allSatisfy { emit($0) }
        case .choice(let left, let right): return emitChoice(left, right)
        case .repeated(let part, let least, let most): return emitRepeat(part, least: least, most: most)
        }
        return true
    }

    private mutating func emitChoice(_ left: PatternTree, _ right: PatternTree) -> Bool {
        let fork = instructions.count
        instructions.append(.match)
        guard emit(left) else {
            return false
        }
        let exit = instructions.count
        instructions.append(.match)
        instructions[fork] = .split(fork + 1, instructions.count)
        guard emit(right) else {
            return false
        }
        instructions[exit] = .jump(instructions.count)
        return true
    }

    private mutating func emitRepeat(_ part: PatternTree, least: Int, most: Int?) -> Bool {
        for _ in 0..<least where !emit(part) {
            return false
        }
        guard let most else {
            let fork = instructions.count
            instructions.append(.match)
            guard emit(part) else {
                return false
            }
            instructions.append(.jump(fork))
            instructions[fork] = .split(fork + 1, instructions.count)
            return true
        }
        var forks: [Int] = []
        for _ in least..<max(least, most) {
            forks.append(instructions.count)
            instructions.append(.match)
            guard emit(part) else {
                return false
            }
        }
        for fork in forks {
            instructions[fork] = .split(fork + 1, instructions.count)
        }
        return true
    }
}

extension PatternSet {
    /// Any character but a line feed.
    static let any = PatternSet(ranges: [10...10], isNegated: true)
}

/// Runs a program over a text, all possibilities at once: O(instructions × characters).
private struct PatternMachine {
    let program: PatternProgram
    let text: [Unicode.Scalar]
    var current: [Int] = []
    var marks: [Int]

    init(program: PatternProgram, text: [Unicode.Scalar]) {
        self.program = program
        self.text = text
        marks = Array(repeating: -1, count: program.instructions.count)
    }

    mutating func run() -> Bool {
        for position in 0...text.count {
            // A match may begin anywhere: the first instruction is a possibility at each position.
            if follow(0, at: position) {
                return true
            }
            guard position < text.count else {
                return false
            }
            let now = current
            current = []
            for index in now {
                if case .character(let set) = program.instructions[index], set.contains(text[position]),
                    follow(index + 1, at: position + 1)
                {
                    return true
                }
            }
        }
        return false
    }

    /// Adds what can be reached from `start` without reading; true when that is the match.
    private mutating func follow(_ start: Int, at position: Int) -> Bool {
        var pending = [start]
        while let index = pending.popLast() {
            guard marks[index] != position else {
                continue
            }
            marks[index] = position
            switch program.instructions[index] {
            case .match: return true
            case .character: current.append(index)
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .textStart where position == 0, .textEnd where position == text.count: pending.append(index + 1)
            case .wordBoundary(let wanted) where isBoundary(position) == wanted: pending.append(index + 1)
            case .textStart, .textEnd, .wordBoundary: break
            }
        }
        return false
    }

    private func isBoundary(_ position: Int) -> Bool {
        let before = position > 0 && PatternSet.word.contains(text[position - 1])
        let after = position < text.count && PatternSet.word.contains(text[position])
        return before != after
    }
}
