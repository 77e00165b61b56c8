// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import Gateway

/// Who may do what, and where it is noted.
struct AccessArguments: ParsableArguments {
    @Option(
        name: .customLong("allow-privileged-for"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Role that may also make privileged containers, mount places of the host, use its namespaces, devices and "
                + "capabilities: operator or ns:NAME; repeatable.",
            valueName: "role"
        )
    )
    var privileged: [String] = []

    @Option(
        name: .customLong("audit-log"),
        help: ArgumentHelp(
            "File for a line of JSON about each request: who, what, where, result. Opened again when it was renamed, and "
                + "on SIGHUP.",
            valueName: "file"
        )
    )
    var auditLog: String?

    init() {}

    /// - Throws: ``DaemonError/usage(_:)``.
    func privilegedRoles() throws(DaemonError) -> Set<Role> {
        var roles: Set<Role> = []
        for text in privileged {
            guard let role = Role(text), role != .viewer else {
                throw .usage("--allow-privileged-for takes operator or ns:NAME, not \"\(text)\"")
            }
            roles.insert(role)
        }
        return roles
    }
}
