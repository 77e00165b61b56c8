// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Fills a template with data.
struct TemplateEvaluation {
    /// What was written so far.
    private(set) var output = ""
    private var variables: [(name: String, value: JSONValue)]

    init(data: JSONValue) {
        variables = [("", data)]
    }

    /// Writes `nodes` with `.` meaning `dot`.
    mutating func run(_ nodes: [TemplateNode], dot: JSONValue) throws(OperatorError) {
        // Variables live up to the end of the block that made them.
        let scope = variables.count
        defer { variables.removeSubrange(scope...) }
        for node in nodes {
            switch node {
            case .text(let text): output += text
            case .output(let pipeline):
                let value = try evaluate(pipeline, dot: dot)
                if pipeline.variables.isEmpty {
                    output += value.goText
                }
            case .branch(let pipeline, let then, let otherwise):
                try run(try evaluate(pipeline, dot: dot).isTrue ? then : otherwise, dot: dot)
            case .with(let pipeline, let then, let otherwise):
                let value = try evaluate(pipeline, dot: dot)
                if value.isTrue {
                    try run(then, dot: value)
                } else {
                    try run(otherwise, dot: dot)
                }
            case .range(let pipeline, let body, let otherwise):
                try runRange(pipeline, body: body, otherwise: otherwise, dot: dot)
            }
        }
    }

    private mutating func runRange(
        _ pipeline: TemplatePipeline,
        body: [TemplateNode],
        otherwise: [TemplateNode],
        dot: JSONValue
    ) throws(OperatorError) {
        let value = try evaluate(TemplatePipeline(commands: pipeline.commands), dot: dot)
        let items = try Self.items(of: value)
        guard !items.isEmpty else {
            return try run(otherwise, dot: dot)
        }
        for (key, item) in items {
            let scope = variables.count
            defer { variables.removeSubrange(scope...) }
            if pipeline.variables.count == 2 {
                variables.append((pipeline.variables[0], key))
            }
            if let last = pipeline.variables.last {
                variables.append((last, item))
            }
            try run(body, dot: item)
        }
    }

    /// Elements with their index, members in the order of their keys, or numbers from 0.
    private static func items(of value: JSONValue) throws(OperatorError) -> [(JSONValue, JSONValue)] {
        switch value {
        case .null: return []
        case .array(let elements): return elements.enumerated().map { (.integer($0.offset), $0.element) }
        case .object(let members):
            return members.sorted { $0.key < $1.key }.map { (.string($0.key), $0.value) }
        default: throw .templateFailed(problem: "range over \(value.goText), which has no elements")
        }
    }

    private mutating func evaluate(
        _ pipeline: TemplatePipeline,
        dot: JSONValue
    ) throws(OperatorError) -> JSONValue {
        var value: JSONValue?
        for command in pipeline.commands {
            value = try evaluate(command, piped: value, dot: dot)
        }
        let result = value ?? .null
        if let name = pipeline.variables.first {
            variables.append((name, result))
        }
        return result
    }

    private mutating func evaluate(
        _ command: [TemplateOperand],
        piped: JSONValue?,
        dot: JSONValue
    ) throws(OperatorError) -> JSONValue {
        guard case .function(let name)? = command.first else {
            guard command.count == 1, piped == nil, let only = command.first else {
                throw .templateFailed(problem: "a value that is no function was given arguments")
            }
            return try value(of: only, dot: dot)
        }
        var arguments: [JSONValue] = []
        for operand in command.dropFirst() {
            arguments.append(try value(of: operand, dot: dot))
        }
        if let piped {
            arguments.append(piped)
        }
        return try TemplateFunctions.call(name, arguments)
    }

    private mutating func value(of operand: TemplateOperand, dot: JSONValue) throws(OperatorError) -> JSONValue {
        switch operand {
        case .literal(let value): return value
        case .field(let path): return try Self.look(up: path, in: dot)
        case .variable(let name, let path):
            guard let variable = variables.last(where: { $0.name == name }) else {
                throw .templateFailed(problem: "the variable \"$\(name)\" is not defined")
            }
            return try Self.look(up: path, in: variable.value)
        case .function(let name): return try TemplateFunctions.call(name, [])
        case .group(let pipeline, let path):
            let scope = variables.count
            defer { variables.removeSubrange(scope...) }
            return try Self.look(up: path, in: try evaluate(pipeline, dot: dot))
        }
    }

    /// Follows `path`; a name that is not there is also looked up without regard to case.
    private static func look(up path: [String], in value: JSONValue) throws(OperatorError) -> JSONValue {
        var value = value
        for name in path {
            switch value {
            case .object(let members):
                value =
                    members[name]
                    ?? members.first { $0.key.lowercased() == name.lowercased() }?.value
                    ?? .null
            case .null: throw .templateFailed(problem: "\".\(name)\" of a value that is not there")
            default: throw .templateFailed(problem: "\".\(name)\" of \(value.goText), which has no fields")
            }
        }
        return value
    }
}

extension JSONValue {
    /// Whether `if` takes it: anything but false, nothing, zero and what is empty.
    var isTrue: Bool {
        switch self {
        case .null: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let value): !value.isEmpty
        case .object(let value): !value.isEmpty
        }
    }

    /// As Go prints it.
    var goText: String {
        switch self {
        case .null: "<no value>"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value
        case .array(let value): "[" + value.map(\.goText).joined(separator: " ") + "]"
        case .object(let value):
            "map["
                + value.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.goText)" }.joined(separator: " ")
                + "]"
        }
    }
}
