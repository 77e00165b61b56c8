// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Bounds of the loads in one part of an order, so that the part can be passed over.
struct LoadBounds: Sendable {
    private var cpuShares = Span()
    private var memoryShares = Span()
    private var cpuLimits = Span()
    private var memoryLimits = Span()
    private var freeCPUs = Int64.min
    private var freeMemory = Int64.min
    private(set) var leastContainers = Int.max
    private(set) var mostContainers = 0

    private struct Span: Sendable {
        var least = Double.infinity
        var most = -Double.infinity

        mutating func include(_ value: Double) {
            least = min(least, value)
            most = max(most, value)
        }
    }

    mutating func include(_ load: NodeLoad) {
        cpuShares.include(load.cpuShare)
        memoryShares.include(load.memoryShare)
        cpuLimits.include(Double(load.limit.nanoCPUs))
        memoryLimits.include(Double(load.limit.memory))
        freeCPUs = max(freeCPUs, load.limit.nanoCPUs &- load.reserved.nanoCPUs)
        freeMemory = max(freeMemory, load.limit.memory &- load.reserved.memory)
        leastContainers = min(leastContainers, load.containers)
        mostContainers = max(mostContainers, load.containers)
    }

    /// False only when the claim fits on none of the nodes.
    func mayFit(_ claim: Resources) -> Bool {
        (claim.nanoCPUs <= 0 || freeCPUs >= claim.nanoCPUs) && (claim.memory <= 0 || freeMemory >= claim.memory)
    }

    /// No node has a lower weight.
    func leastWeight(of claim: Resources) -> Int {
        Self.least(claim.nanoCPUs, cpuShares, cpuLimits) + Self.least(claim.memory, memoryShares, memoryLimits)
    }

    /// No node on which the claim fits has a higher weight.
    func mostWeight(of claim: Resources) -> Int {
        Self.most(claim.nanoCPUs, cpuShares, cpuLimits) + Self.most(claim.memory, memoryShares, memoryLimits)
    }

    /// Far above the error of the sums below, far below one percent.
    private static let slack = 1e-6

    private static func least(_ claim: Int64, _ shares: Span, _ limits: Span) -> Int {
        guard claim > 0, limits.most > 0 else {
            return claim > 0 ? 0 : 100
        }
        return Int(max(0, min(100, (shares.least + Double(claim) / limits.most) * 100 - slack)))
    }

    private static func most(_ claim: Int64, _ shares: Span, _ limits: Span) -> Int {
        guard claim > 0, limits.least > 0 else {
            return 100
        }
        return Int(min(100, (shares.most + Double(claim) / limits.least) * 100 + slack))
    }
}
