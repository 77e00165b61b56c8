// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ClusterLifecycle
package import Machines

/// The words of a command line that are for the driver, and the names among them.
///
/// Which flags there are depends on the driver, and only the driver's table says whether a flag takes
/// a value; so words that the command itself does not know are sorted here.
package struct DriverFlags: Sendable, Equatable {
    /// Words that belong to no flag.
    package private(set) var names: [String] = []
    /// Values by the option's name; a secret as a reference.
    package private(set) var values: [String: String] = [:]

    /// Sorts `words`.
    ///
    /// Options that are not among them are taken from the environment variables that the driver names,
    /// so that the record says with what the machine was made; secrets stay there, as `env:NAME`.
    ///
    /// - Parameters:
    ///   - words: what the command did not understand, in the order typed.
    ///   - driver: whose flags they are.
    ///   - environment: where options without a flag are looked up.
    /// - Throws: ``OperatorError/badFlag(flag:problem:hint:)`` for a flag that the driver does not have,
    ///   `MachineError.badOption` and `LifecycleError.badSecret` for a value that it cannot have.
    package init(_ words: [String], of driver: any MachineDriver, environment: [String: String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else {
                names.append(word)
                continue
            }
            if word == "--" {
                names += rest
                break
            }
            try take(word, &rest, of: driver)
        }
        for option in driver.options where values[option.name] == nil {
            guard let variable = option.environment, let value = environment[variable], !value.isEmpty else {
                continue
            }
            values[option.name] = option.isSecret ? "env:\(variable)" : try checked(value, option, driver)
        }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>, of driver: any MachineDriver) throws {
        let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard word.hasPrefix("--"), let option = driver.options.first(where: { $0.name == name }) else {
            throw OperatorError.badFlag(
                flag: word.hasPrefix("--") ? "--\(name)" : word,
                problem: "unknown, also to the driver \(driver.name)",
                hint: "see `swarmctl create machine --driver \(driver.name) --help`"
            )
        }
        var value = parts.count == 2 ? String(parts[1]) : nil
        if option.kind == .flag {
            value = value ?? "true"
        } else if value == nil {
            value = rest.popFirst()
        }
        guard let value else {
            throw MachineError.badOption(option: name, driver: driver.name, problem: "a value is missing")
        }
        let known = try checked(value, option, driver)
        if option.kind == .list, let before = values[name] {
            values[name] = "\(before),\(known)"
        } else {
            values[name] = known
        }
    }

    private func checked(_ value: String, _ option: DriverOption, _ driver: any MachineDriver) throws -> String {
        switch option.kind {
        case .integer where Int(value) == nil:
            throw MachineError.badOption(
                option: option.name,
                driver: driver.name,
                problem: "\"\(value)\" is no whole number"
            )
        case .flag:
            guard let state = Self.truth[value.lowercased()] else {
                throw MachineError.badOption(
                    option: option.name,
                    driver: driver.name,
                    problem: "\"\(value)\" is neither true nor false"
                )
            }
            return state ? "true" : "false"
        default:
            guard option.isSecret else {
                return value
            }
            return try SecretSource.reference(value, environmentName: nil, option: option.name) ?? value
        }
    }

    private static let truth = ["true": true, "1": true, "yes": true, "false": false, "0": false, "no": false]

    /// The part of `--help` that is about one driver.
    package static func help(for driver: any MachineDriver) -> String {
        let lines = driver.options.map { option -> String in
            let placeholder = option.kind == .flag ? "" : " <\(word(for: option.kind))>"
            var notes: [String] = []
            notes += option.environment.map { ["environment: \($0)"] } ?? []
            notes += option.defaultValue.flatMap { $0.isEmpty ? nil : ["default: \($0)"] } ?? []
            notes += option.isSecret ? ["give env:NAME, file:PATH or cmd:COMMAND"] : []
            let suffix = notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
            let text = wrapped(option.help + suffix, width: 52).map { String(repeating: " ", count: 26) + $0 }
            return (["  --\(option.name)\(placeholder)"] + text).joined(separator: "\n")
        }
        return (["OPTIONS OF THE DRIVER \(driver.name): \(driver.summary)"] + lines).joined(separator: "\n")
    }

    /// `text` in lines of at most `width` columns, broken at spaces.
    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] = line.isEmpty ? String(word) : "\(line) \(word)"
            }
        }
        return lines
    }

    private static func word(for kind: DriverOption.Kind) -> String {
        switch kind {
        case .text, .flag: "value"
        case .integer: "number"
        case .list: "value, repeatable"
        }
    }
}
