// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

/// The options of one machine, read by name; an empty text counts as not given.
struct DriverValues: Sendable {
    let driver: String
    private let values: [String: String]

    init(_ values: [String: String], of driver: any MachineDriver) {
        self.driver = driver.name
        var known: [String: String] = [:]
        for option in driver.options {
            let value = values[option.name] ?? option.defaultValue
            known[option.name] = value?.isEmpty == false ? value : nil
        }
        self.values = known
    }

    /// The value of `DRIVER-name`; `nil` when it is not given.
    subscript(name: String) -> String? { values["\(driver)-\(name)"] }

    /// - Throws: ``MachineError/badOption(option:driver:problem:)`` when it is not given.
    func required(_ name: String) throws -> String {
        guard let value = self[name] else {
            throw bad(name, "it is required")
        }
        return value
    }

    func isOn(_ name: String) -> Bool { self[name] == "true" }

    /// The parts of a list, without blanks around them.
    func list(_ name: String) -> [String] {
        (self[name] ?? "").split(separator: ",").map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
    }

    /// - Throws: ``MachineError/badOption(option:driver:problem:)`` for what is no whole number in `range`.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = self[name] else {
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            throw bad(name, "\"\(text)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The port of SSH; 22 when it is not given.
    func sshPort() throws -> UInt16 { UInt16(try integer("ssh-port", in: 1...65535) ?? 22) }

    /// Pairs of a list `k,v,k,v`, as docker-machine takes tags.
    func pairs(_ name: String) throws -> [(key: String, value: String)] {
        let parts = list(name)
        guard parts.count.isMultiple(of: 2) else {
            throw bad(name, "it is not of the form KEY,VALUE,KEY,VALUE")
        }
        return stride(from: 0, to: parts.count, by: 2).map { (parts[$0], parts[$0 + 1]) }
    }

    func bad(_ name: String, _ problem: String) -> MachineError {
        .badOption(option: "\(driver)-\(name)", driver: driver, problem: problem)
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
