// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SecureShell
import SwarmCore
internal import Synchronization

/// Runs the scripts of one host's steps: each is one command, with the script on its standard input.
///
/// The command line is always the same, so nothing of a script shows in the host's process list.
struct HostShell: Sendable {
    /// Root runs the script itself, others through sudo where that asks for no password.
    ///
    /// For any login shell: no character in it is special between single quotes.
    static let command =
        #"sh -c 'if test "$(id -u)" = 0; then exec sh -s -- "$SSH_CONNECTION"; "#
        + #"elif sudo -n sh -c true 2>/dev/null; then exec sudo -n sh -s -- "$SSH_CONNECTION"; "#
        + #"else exec sh -s -- "$SSH_CONNECTION"; fi'"#

    /// How one who is known to be root, or to be allowed to become root, runs a script: without programs that find out.
    static func commandLine(for privilege: SystemFacts.Privilege) -> String {
        switch privilege {
        case .root: #"exec sh -s -- "$SSH_CONNECTION""#
        case .sudo: #"exec sudo -n sh -s -- "$SSH_CONNECTION""#
        case .none: command
        }
    }

    /// The most that a script may write, in bytes.
    private static let outputLimit = 4 << 20
    /// How much of the log an error shows, in lines.
    private static let logTail = 5

    let host: any RemoteHost
    let nodeName: String
    let templates: TemplateSource
    let deadline: Deadline
    let progress: ProvisionProgress
    private let command: String

    /// - Parameters:
    ///   - request: the host.
    ///   - deadline: of each script.
    ///   - privilege: what a look has found; `.none` when nothing is known yet.
    ///   - progress: receives what is done.
    init(
        _ request: ProvisionRequest,
        deadline: Deadline,
        privilege: SystemFacts.Privilege = .none,
        progress: @escaping ProvisionProgress
    ) {
        command = Self.commandLine(for: privilege)
        host = request.host
        nodeName = request.nodeName
        templates = request.templates
        self.deadline = deadline
        self.progress = progress
    }

    /// Runs a template as a script.
    ///
    /// - Parameters:
    ///   - template: its name: `look.sh`.
    ///   - values: what its placeholders stand for.
    ///   - step: for messages; the script's lines `::progress TEXT` become its details.
    /// - Returns: what the script reported.
    /// - Throws: ``ProvisionError`` when the script failed, or why the host was not reached.
    func run(_ template: String, _ values: [String: any Sendable], step: ProvisionStep) async throws -> ScriptReport {
        let script: String
        do {
            script = try templates.render(template, values)
        } catch {
            throw ProvisionError(host: nodeName, step: step, cause: .template(name: template, reason: error.message))
        }
        let output = LineOutput(limit: Self.outputLimit) { [progress] line in
            if line.hasPrefix("::progress ") {
                progress(step, .detail(String(line.dropFirst("::progress ".count))))
            } else if line.hasPrefix("::warning ") {
                progress(step, .warning(String(line.dropFirst("::warning ".count))))
            }
        }
        let status = try await host.run(
            command,
            input: Array(script.utf8),
            deadline: deadline
        ) { output.add($0) }
        let report = ScriptReport(parsing: output.standardOutput)
        if let failure = report.failure {
            throw ProvisionError(host: nodeName, step: step, cause: FailureWord.cause(of: failure, log: output.log))
        }
        guard report.isComplete else {
            let tail = output.log.split(whereSeparator: \.isNewline).suffix(Self.logTail).joined(separator: "; ")
            throw ProvisionError(
                host: nodeName,
                step: step,
                cause: .scriptFailed(status: Self.text(of: status), output: tail)
            )
        }
        return report
    }

    private static func text(of status: CommandStatus) -> String {
        switch status {
        case .exited(let code): "exit status \(code)"
        case .signalled(let name): "signal \(name)"
        }
    }
}

/// Collects a script's two streams and tells of whole lines of the first as they come.
private final class LineOutput: Sendable {
    private struct State {
        var output: [UInt8] = []
        var log: [UInt8] = []
        /// Where the line begins that is not whole yet.
        var lineStart = 0
    }

    private let limit: Int
    private let onLine: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(limit: Int, onLine: @escaping @Sendable (String) -> Void) {
        self.limit = limit
        self.onLine = onLine
    }

    var standardOutput: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }
    var log: String { state.withLock { String(decoding: $0.log, as: UTF8.self) } }

    func add(_ piece: CommandOutput) {
        let lines = state.withLock { state in take(piece, into: &state) }
        lines.forEach(onLine)
    }

    private func take(_ piece: CommandOutput, into state: inout State) -> [String] {
        switch piece {
        case .standardError(let bytes):
            state.log += bytes
            // Of a long log its end is what tells the cause.
            if state.log.count > limit {
                state.log.removeFirst(state.log.count - limit / 2)
            }
            return []
        case .standardOutput(let bytes):
            guard state.output.count + bytes.count <= limit else {
                return []
            }
            state.output += bytes
            var lines: [String] = []
            while let end = state.output[state.lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: state.output[state.lineStart..<end], as: UTF8.self))
                state.lineStart = end + 1
            }
            return lines
        }
    }
}
