// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines
internal import Synchronization

/// Which version of control groups each engine has, asked once: for its description an engine starts programs.
final class CgroupVersions: Sendable {
    private let known = Mutex<[String: Bool]>([:])

    /// Whether it is version 1.
    ///
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)``.
    func isFirst(at engine: LocalEngine) async throws -> Bool {
        let key = "\(engine.endpoint)"
        if let isFirst = known.withLock({ $0[key] }) {
            return isFirst
        }
        let info: EngineInfo = try await engine.get("/info")
        let isFirst = info.cgroupVersion == "1"
        known.withLock { $0[key] = isFirst }
        return isFirst
    }
}
