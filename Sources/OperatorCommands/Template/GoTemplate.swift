// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// A template in the language of Go's text/template, as docker's `--format` takes: the part of it
/// that reads data.
///
/// Known are fields, variables, pipelines, parentheses, literals, `if`, `else`, `else if`, `range`,
/// `with`, comments, trim markers, and the functions in ``TemplateFunctions``. `define`, `template`
/// and `block` are not.
package struct GoTemplate: Sendable, Equatable {
    let nodes: [TemplateNode]

    /// Reads a template.
    ///
    /// The two characters `\n` and `\t` outside of actions mean a line break and a tab, because
    /// shells do not make them.
    ///
    /// - Throws: ``OperatorError/badTemplate(problem:)``.
    package init(parsing text: String) throws(OperatorError) {
        var parser = TemplateParser(pieces: try TemplatePiece.split(text))
        nodes = try parser.parseAll()
    }

    /// Fills the template with `data`, which `.` and `$` mean.
    ///
    /// A field that an object does not have is `<no value>`, as in Go.
    ///
    /// - Throws: ``OperatorError/templateFailed(problem:)``, as for a field of a number.
    package func render(_ data: JSONValue) throws(OperatorError) -> String {
        var evaluation = TemplateEvaluation(data: data)
        try evaluation.run(nodes, dot: data)
        return evaluation.output
    }
}

/// A part of a template.
indirect enum TemplateNode: Sendable, Equatable {
    case text(String)
    case output(TemplatePipeline)
    case branch(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    /// Like `branch`, with `.` set to the value meanwhile.
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
}

/// Commands that pass a value on: `.items | len`; perhaps bound to variables.
struct TemplatePipeline: Sendable, Equatable {
    /// One name for `$x := …`, two for `range $i, $x := …`; without `$`.
    var variables: [String] = []
    var commands: [[TemplateOperand]]
}

/// A word of a command.
indirect enum TemplateOperand: Sendable, Equatable {
    case literal(JSONValue)
    /// `.a.b`, or `.` for an empty path.
    case field([String])
    /// `$x.a`, or `$` for an empty name.
    case variable(String, path: [String])
    case function(String)
    /// A parenthesis, perhaps with fields after it.
    case group(TemplatePipeline, path: [String])
}
