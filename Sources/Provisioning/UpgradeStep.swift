// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Newer packages for the engine that a host has; those that it needs, and no others.
struct UpgradeStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// Upgrades, and waits until the engine answers.
    ///
    /// - Parameters:
    ///   - facts: what the host is like.
    ///   - version: `27.3.1`, or the beginning of one; `nil` for the newest that the host's repositories have.
    /// - Returns: a line for each package that was changed.
    /// - Throws: ``ProvisionError``, or why the host was not reached.
    func apply(_ facts: HostFacts, to version: String?) async throws -> [String] {
        guard facts.engine.installedVersion != nil else {
            throw failure(.noEngine)
        }
        guard let template = Self.template(facts.system.family), !facts.engine.isSnap else {
            throw failure(.unsupportedSystem(name: facts.system.release.prettyName))
        }
        if facts.engine.isRunning, facts.engine.runningContainers > 0, !facts.engine.keepsContainersRunning {
            let count = facts.engine.runningContainers
            let warning = "live-restore is off: \(count) containers stop while the engine restarts"
            shell.progress(.install, .warning(warning))
        }
        let release = facts.system.release
        let report = try await shell.run(
            template,
            [
                "version": version ?? "",
                "oldest": "\(EngineVersion.oldest.major).\(EngineVersion.oldest.minor)",
                "distribution": InstallStep.distribution(facts.system.family ?? .debian, release),
                "codename": InstallStep.codename(release),
            ],
            step: .install
        )
        return report.all("package").map { line in
            let words = line.split(separator: " ").map(String.init)
            return words.count == 3 ? "\(words[0]) \(words[1]) to \(words[2])" : line
        }
    }

    /// `nil` for a system whose engine is not a package.
    private static func template(_ family: SystemFamily?) -> String? {
        switch family {
        case .debian, .ubuntu: "upgrade/apt.sh"
        case .rhel, .suse, .arch, .alpine: "upgrade/packages.sh"
        case .flatcar, nil: nil
        }
    }

    private func failure(_ cause: ProvisionError.Cause) -> ProvisionError {
        ProvisionError(host: request.nodeName, step: .install, cause: cause)
    }
}
