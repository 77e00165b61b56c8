// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What has to happen to the engine's configuration; decided from facts alone, so that a dry run tells the truth.
struct EngineChange: Equatable {
    var configuration: DaemonConfiguration
    /// The drop-in as it has to be; `nil` when none is needed.
    var dropIn: String?
    var writesDaemonJSON: Bool
    var writesDropIn: Bool
    var removesDropIn: Bool
    var enables: Bool
    var restarts: Bool
    /// Whether live-restore has to be switched on in the running engine before it is restarted.
    var reloadsFirst: Bool
    /// For people, a line each.
    var lines: [String]

    /// Decides.
    ///
    /// - Parameters:
    ///   - request: what is wanted.
    ///   - facts: what is there.
    ///   - mustRestart: whether the engine has to read something else anew, such as its certificate.
    /// - Throws: ``ProvisionError`` when the configuration cannot be merged, or containers would be stopped.
    init(_ request: ProvisionRequest, facts: HostFacts, mustRestart: Bool) throws(ProvisionError) {
        let unit = DockerUnit(parsing: facts.engine.unit)
        configuration = try Self.merge(request, facts: facts, unit: unit)
        dropIn = try Self.dropIn(request, facts: facts, unit: unit)
        let isDropInRight = Self.trimmed(facts.files.dropIn) == Self.trimmed(dropIn)
        writesDaemonJSON = !configuration.isCurrent
        writesDropIn = dropIn != nil && !isDropInRight
        removesDropIn = dropIn == nil && facts.files.dropIn != nil
        enables = !facts.engine.isEnabled
        let changesFiles = writesDaemonJSON || writesDropIn || removesDropIn
        restarts = changesFiles || mustRestart || facts.engine.restartPending || !facts.engine.isRunning
        reloadsFirst =
            restarts && facts.engine.isRunning && facts.engine.runningContainers > 0
            && !facts.engine.keepsContainersRunning && !facts.engine.isInSwarmMode
        lines = []
        describe(facts)
        try checkContainers(request, facts: facts)
    }

    /// Whether all is right.
    var isEmpty: Bool { !restarts && !enables }

    /// The values of the template `engine/configure.sh`.
    func values(_ facts: HostFacts) -> [String: any Sendable] {
        let unit = DockerUnit(parsing: facts.engine.unit)
        let safe = DaemonConfiguration.keepingContainers(configuration.current).text()
        return [
            "dropInPath": DockerUnit.dropInPath,
            "oldDaemonJSON": LookStep.trimmed(facts.files.daemonJSON ?? ""),
            "daemonJSON": configuration.merged.text(),
            "safeOldDaemonJSON": safe,
            "dropIn": LookStep.trimmed(dropIn ?? ""),
            "writesDaemonJSON": writesDaemonJSON,
            "writesDropIn": writesDropIn,
            "removesDropIn": removesDropIn,
            "enables": enables,
            "reloadsFirst": reloadsFirst,
            "keepsContainers": facts.engine.runningContainers > 0 && !facts.engine.isInSwarmMode,
            "wasRunning": facts.engine.isRunning,
            "validates": facts.engine.canValidate && writesDaemonJSON,
            "flags": unit.plainFlags,
            "settles": false,
            "removesDaemonJSON": false,
            "finalDaemonJSON": "",
        ]
    }

    private static func merge(
        _ request: ProvisionRequest,
        facts: HostFacts,
        unit: DockerUnit
    ) throws(ProvisionError) -> DaemonConfiguration {
        let cause: ProvisionError.Cause
        do {
            let base = try request.templates.render("daemon.json", [:])
            return try DaemonConfiguration(
                text: facts.files.daemonJSON,
                base: try JSONParser.parse(base),
                options: request.engine,
                port: request.enginePort,
                hasFront: request.front != nil,
                unitHosts: unit.hosts,
                keepsContainers: !facts.engine.isInSwarmMode
            )
        } catch let error as DaemonConfiguration.Problem {
            cause =
                switch error {
                case .malformed(let reason): .malformedConfiguration(path: DaemonConfiguration.path, reason: reason)
                case .badOption(let option, let reason): .badOption(option: option, reason: reason)
                }
        } catch let error as JSONParser.Failure {
            cause = .template(name: "daemon.json", reason: error.text)
        } catch {
            cause = .template(name: "daemon.json", reason: "\(error)")
        }
        throw ProvisionError(host: request.nodeName, step: .configure, cause: cause)
    }

    private static func dropIn(
        _ request: ProvisionRequest,
        facts: HostFacts,
        unit: DockerUnit
    ) throws(ProvisionError) -> String? {
        let environment = request.engine.environment
        guard unit.freedCommand != nil || !environment.isEmpty else {
            return nil
        }
        guard facts.system.serviceManager == .systemd else {
            throw ProvisionError(
                host: request.nodeName,
                step: .configure,
                cause: .badOption(option: "--engine-env", reason: "only on hosts with systemd")
            )
        }
        do {
            return try request.templates.render(
                "engine/docker.conf",
                [
                    "frees": unit.freedCommand != nil,
                    "command": unit.freedCommand ?? "",
                    "environment": environment,
                ]
            )
        } catch {
            throw ProvisionError(
                host: request.nodeName,
                step: .configure,
                cause: .template(name: "engine/docker.conf", reason: error.message)
            )
        }
    }

    private mutating func describe(_ facts: HostFacts) {
        if writesDaemonJSON {
            let keys = changedKeys.joined(separator: ", ")
            lines.append(
                facts.files.daemonJSON == nil
                    ? "write \(DaemonConfiguration.path)" : "merge \(keys) into \(DaemonConfiguration.path)"
            )
        }
        if writesDropIn {
            lines.append("write \(DockerUnit.dropInPath)")
        }
        if removesDropIn {
            lines.append("remove \(DockerUnit.dropInPath)")
        }
        if enables {
            lines.append("start the engine with the host")
        }
        if restarts {
            let containers = facts.engine.runningContainers
            lines.append(facts.engine.isRunning ? "restart the engine" : "start the engine")
            if containers > 0, !facts.engine.isInSwarmMode {
                lines[lines.count - 1] += "; \(containers) container\(containers == 1 ? "" : "s") keep running"
            }
        }
    }

    private var changedKeys: [String] {
        guard case .object(let members) = configuration.merged else {
            return []
        }
        return members.filter { configuration.current[$0.key] != $0.value }.map(\.key)
    }

    private func checkContainers(_ request: ProvisionRequest, facts: HostFacts) throws(ProvisionError) {
        guard restarts, facts.engine.isInSwarmMode, facts.engine.runningContainers > 0, !request.mayStopContainers
        else {
            return
        }
        throw ProvisionError(
            host: request.nodeName,
            step: .configure,
            cause: .wouldStopContainers(
                count: facts.engine.runningContainers,
                reason: "the engine is in Swarm mode, which does not go with live-restore"
            )
        )
    }

    private static func trimmed(_ text: String?) -> String? {
        text.map(LookStep.trimmed)
    }
}
