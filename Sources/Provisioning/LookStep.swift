// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// Steps 1 to 3: waits for the host's own set-up, looks at all that matters, and checks that we may change it.
struct LookStep {
    let request: ProvisionRequest
    let shell: HostShell

    /// Waits for cloud-init, where there is one.
    func reach() async throws {
        shell.progress(.reach, .started)
        let report = try await shell.run("reach.sh", [:], step: .reach)
        if let status = report["cloud-init-status"] {
            shell.progress(.reach, .warning("cloud-init did not finish well: \(status)"))
        }
        shell.progress(.reach, .unchanged)
    }

    /// Looks at the host.
    func look() async throws -> HostFacts {
        shell.progress(.look, .started)
        let facts = try await lookAgain()
        shell.progress(.look, .unchanged)
        return facts
    }

    /// Looks without a word, after a step that changed much.
    func lookAgain() async throws -> HostFacts {
        let names = request.certifiedNames
        let report = try await shell.run(
            "look.sh",
            [
                "authority": Self.trimmed(request.authority),
                "addresses": names.filter(IPAddress.isAddress),
                "hostNames": names.filter { !IPAddress.isAddress($0) },
                "ports": request.listeningPorts.map(String.init),
                "dropInPath": DockerUnit.dropInPath,
            ],
            step: .look
        )
        return HostFacts(report: report)
    }

    /// Checks that the host can be made a node at all.
    func checkPrivilege(_ facts: HostFacts) throws(ProvisionError) {
        shell.progress(.privilege, .started)
        guard facts.system.privilege != .none else {
            throw ProvisionError(
                host: request.nodeName,
                step: .privilege,
                cause: .noPrivilege(user: facts.system.user)
            )
        }
        shell.progress(.privilege, .unchanged)
    }

    static func trimmed(_ pem: String) -> String {
        String(pem.reversed().drop(while: \.isWhitespace).reversed())
    }
}

extension ProvisionRequest {
    /// The ports that must be free on the host, or ours already.
    var listeningPorts: [UInt16] {
        [enginePort] + (manager.map { [$0.port] } ?? []) + (store == nil ? [] : StoreSpec.ports)
    }
}

extension HostFacts {
    init(report: ScriptReport) {
        self.init(
            system: SystemFacts(report: report),
            engine: EngineFacts(report: report),
            files: ConfigurationFiles(report: report),
            certificate: CertificateFacts(report: report),
            network: NetworkFacts(report: report),
            frontDigest: report["front"],
            hasFront: report["front-installed"] == "yes"
        )
    }
}

extension SystemFacts {
    init(report: ScriptReport) {
        release = OSRelease(parsing: report.text("os-release") ?? "")
        architecture = report["machine"] ?? ""
        kernel = report["kernel"] ?? ""
        hostName = report["hostname"] ?? ""
        memory = (Int64(report["memory"] ?? "") ?? 0) * 1024
        processors = Int(report["processors"] ?? "") ?? 0
        serviceManager = report["services"].flatMap(ServiceManager.init)
        commands = Set(report.all("command"))
        family = SystemFamily.detect(release, serviceManager: serviceManager, commands: commands)
        let account = Account(name: report["user"] ?? "", id: report["uid"] ?? "", sudo: report["sudo-user"])
        user = account.user
        privilege = account.privilege
        for room in report.all("room") {
            let words = room.split(separator: " ")
            if words.count == 2, let free = Int64(words[1]) {
                freeSpace[String(words[0])] = free * 1024
            }
        }
    }

    /// Who runs the script, and through what.
    private struct Account {
        var name: String
        var id: String
        /// Who called sudo; `nil` without it.
        var sudo: String?

        var user: String { sudo ?? name }
        var privilege: Privilege { id != "0" ? .none : sudo == nil ? .root : .sudo }
    }
}

extension EngineFacts {
    init(report: ScriptReport) {
        installedVersion = report["engine-version"].flatMap(EngineVersion.init(parsing:))
        isRunning = report["engine-running"] == "yes"
        runningContainers = Int(report["containers"] ?? "") ?? 0
        keepsContainersRunning = report["live-restore"] == "true"
        isInSwarmMode = report["swarm"] == "active"
        unit = report.text("unit") ?? ""
        canValidate = installedVersion.map { $0 >= EngineVersion(23, 0, 0) } ?? false
        isEnabled = report["enabled"] == "yes"
        restartPending = report["restart-pending"] == "yes"
        isOurs = report.all("undo").contains { $0.hasPrefix("engine ") }
        isSnap = report["snap"] == "yes"
        for line in report.all("container") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 3 {
                containers[words[0]] = ContainerFacts(configuration: words[1], isRunning: words[2] == "true")
            }
        }
    }
}

extension ConfigurationFiles {
    init(report: ScriptReport) {
        daemonJSON = report.text("daemon-json")
        originalDaemonJSON = report.text("original-daemon-json")
        writtenDaemonJSON = report.text("written-daemon-json")
        dropIn = report.text("drop-in")
        firewallScript = report.text("firewall-script")
        undo = report.all("undo")
        isRecorded = undo.contains { $0.hasPrefix("file daemon.json ") }
    }
}

extension CertificateFacts {
    init(report: ScriptReport) {
        authority = report.text("ca")
        revocations = report.text("crl")
        certificate = report.text("certificate")
        keyMatches = report["key-matches"] == "yes"
        isValid = report["certificate-valid"] == "yes"
        missingNames = report.all("name-missing")
    }
}

extension NetworkFacts {
    init(report: ScriptReport) {
        firewall = report["firewall"].flatMap(Firewall.init) ?? .none
        operatorAddress = report["from"].flatMap { $0.isEmpty ? nil : $0 }
        reachedAddress = report["reached-at"].flatMap { $0.isEmpty ? nil : $0 }
        for listener in report.all("listener") {
            let words = listener.split(separator: " ", maxSplits: 1)
            if words.count == 2, let port = UInt16(words[0]) {
                listeners[port] = String(words[1])
            }
        }
    }
}
