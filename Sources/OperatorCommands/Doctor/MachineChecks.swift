// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import PKI
internal import SecureShell
internal import SwarmCore

/// Looks at one machine: its host, SSH, certificate, clock, engine and agent.
struct MachineChecks: Sendable {
    /// A difference of clocks beyond this is worth a warning, in seconds.
    private static let clockTolerance = 60

    let context: CommandContext
    let machine: MachineRecord
    let timeout: Duration

    /// All verdicts; what depends on a check that failed is left out.
    func verdicts() async -> [Verdict] {
        var verdicts = [recordVerdict(), await hostVerdict()]
        if verdicts[1].level == .failed || machine.phase < .created {
            return verdicts
        }
        async let shell = shellVerdicts()
        async let engine = engineVerdicts()
        verdicts += await shell
        verdicts += await engine
        return verdicts
    }

    private func recordVerdict() -> Verdict {
        guard machine.phase == .registered || MachineStore.isImplicit(machine.cluster) else {
            return .failed(
                machine.name,
                "record",
                "the last create ended after \"\(machine.phase.rawValue)\""
                    + (machine.lastError.map { ": \($0)" } ?? ""),
                hint: "run the same create command again: it goes on where it stopped",
                kind: .conflict
            )
        }
        guard let problem = machine.lastError else {
            return .ok(machine.name, "record", "complete")
        }
        return .warning(
            machine.name,
            "record",
            "the last change failed: \(problem)",
            hint: "run `swarmctl provision \(machine.name)`"
        )
    }

    private func hostVerdict() async -> Verdict {
        do {
            let driver = try context.driver(machine.driver)
            let state = try await withDeadline(.after(timeout), operation: "asking for its state") {
                try await driver.state(of: try context.driverMachine(machine))
            }
            switch state {
            case .running, .unknown: return .ok(machine.name, "host", state.rawValue)
            case .notFound:
                return .failed(
                    machine.name,
                    "host",
                    "it is gone",
                    hint: "make it again by running the create command again, or forget it with `swarmctl rm`",
                    kind: .notFound
                )
            default:
                return .failed(
                    machine.name,
                    "host",
                    "it is \(state.rawValue)",
                    hint: "start it with `swarmctl start \(machine.name)`",
                    kind: .unreachable
                )
            }
        } catch {
            return .failed(machine.name, "host", error)
        }
    }

    // MARK: SSH

    private func shellVerdicts() async -> [Verdict] {
        guard machine.ssh != nil else {
            return []
        }
        do {
            return try await context.shells.withSession(to: machine, timeout: timeout) { session in
                let began = ContinuousClock.now
                let probe = try await session.run(Self.probe, deadline: .after(timeout))
                let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
                let answer = "\(session.name) answers in \(Int(milliseconds)) ms"
                return [.ok(machine.name, "ssh", answer)] + readProbe(probe.standardOutput)
            }
        } catch {
            return [.failed(machine.name, "ssh", error)]
        }
    }

    /// The host's clock, its free space in KiB, then its certificate.
    private static let probe =
        "date +%s; df -Pk /var/lib/docker 2>/dev/null | awk 'NR==2 {print $4}'; echo; "
        + "cat /etc/docker/server.pem 2>/dev/null || sudo -n cat /etc/docker/server.pem 2>/dev/null"

    private func readProbe(_ text: String) -> [Verdict] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var verdicts: [Verdict] = []
        if let clock = lines.first.flatMap({ Int($0) }) {
            verdicts.append(clockVerdict(off: clock - context.now()))
        }
        if let free = lines.dropFirst().first.flatMap({ Int($0) }) {
            verdicts.append(diskVerdict(freeBytes: Int64(free) << 10))
        }
        if machine.phase >= .provisioned, let begin = text.firstRange(of: "-----BEGIN CERTIFICATE") {
            verdicts.append(certificateVerdict(Array(text[begin.lowerBound...].utf8)))
        }
        return verdicts
    }

    private func clockVerdict(off seconds: Int) -> Verdict {
        abs(seconds) <= Self.clockTolerance
            ? .ok(machine.name, "clock", "within \(Self.clockTolerance) s of ours")
            : .warning(
                machine.name,
                "clock",
                "\(abs(seconds)) s \(seconds < 0 ? "behind" : "ahead of") ours; certificates may count as not valid",
                hint: "switch time synchronisation on there, for example with `timedatectl set-ntp true`"
            )
    }

    private func diskVerdict(freeBytes: Int64) -> Verdict {
        let text = "\(ByteCount(freeBytes).iec) free for containers"
        return freeBytes >= 1 << 30
            ? .ok(machine.name, "disk", text)
            : .warning(machine.name, "disk", text, hint: "make room with `docker system prune` on that node")
    }

    private func certificateVerdict(_ pem: [UInt8]) -> Verdict {
        let check = "node certificate"
        let renewal = "swarmctl provision \(machine.name)"
        do {
            let certificate = try Certificate(pem: pem)
            let verdict = CertificateChecks.verdict(
                machine.name,
                check,
                certificate,
                at: context.now(),
                renewal: renewal
            )
            let names = certificate.addresses + certificate.dnsNames
            if verdict.level != .failed, let address = machine.address, !names.contains(address) {
                return .failed(
                    machine.name,
                    check,
                    "it is not for the address \(address)",
                    hint: "renew it with `\(renewal)`",
                    kind: .denied
                )
            }
            return verdict
        } catch {
            return .failed(machine.name, check, error)
        }
    }

    // MARK: Engine

    private func engineVerdicts() async -> [Verdict] {
        guard machine.phase >= .provisioned || machine.ssh == nil else {
            return []
        }
        let target: EngineTarget
        let version: JSONValue
        do {
            target = try context.engineTarget(of: .machine(machine))
            version = try await context.engines.json("/version", at: target, deadline: .after(timeout))
        } catch {
            return [.failed(machine.name, "engine", error)]
        }
        let engine = Verdict.ok(machine.name, "engine", "Docker \(version["Version"].string ?? "?") over TLS")
        guard !MachineStore.isImplicit(machine.cluster) else {
            return [engine]
        }
        var verdicts = [engine, await containerVerdict("swarm-agent", "agent", target)]
        if machine.role == .manager {
            verdicts.append(await containerVerdict("swarm-agent-master", "manager", target))
        }
        return verdicts
    }

    private func containerVerdict(_ container: String, _ check: String, _ target: EngineTarget) async -> Verdict {
        let hint = "run `swarmctl provision \(machine.name)`, and see `swarmctl logs \(machine.name)`"
        do {
            let path = "/containers/\(container)/json"
            let reply = try await context.engines.json(path, at: target, deadline: .after(timeout))
            let state = reply["State"]
            guard state["Running"] == .boolean(true), state["Restarting"] != .boolean(true) else {
                let words = "the container \(container) is \(state["Status"].string ?? "not running")"
                return .failed(machine.name, check, words, hint: hint, kind: .failed)
            }
            let restarts = reply["RestartCount"].integer ?? 0
            return restarts < 5
                ? .ok(machine.name, check, "running")
                : .warning(machine.name, check, "running, but it was restarted \(restarts) times", hint: hint)
        } catch OperatorError.engineRefused(_, 404, _) {
            return .failed(machine.name, check, "there is no container \(container)", hint: hint, kind: .notFound)
        } catch {
            return .failed(machine.name, check, error)
        }
    }
}
