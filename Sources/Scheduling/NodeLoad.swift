// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The numbers of a node that ranking looks at, apart from everything else it has.
struct NodeLoad: Sendable {
    var reserved = Resources()
    /// What may be promised, with overcommit.
    var limit = Resources()
    /// Containers of users.
    var containers = 0
    /// Which ``LoadOrder`` it is in.
    var group = 0
    /// Whether it may take a container at all; only such nodes are in an order.
    var isOpen = false
    // Shares of the limits that are reserved.
    private(set) var cpuShare = 0.0
    private(set) var memoryShare = 0.0

    init() {}

    init(reserved: Resources, limit: Resources, containers: Int, group: Int, isOpen: Bool) {
        self.reserved = reserved
        self.limit = limit
        self.containers = containers
        self.group = group
        self.isOpen = isOpen
        cpuShare = Self.share(reserved.nanoCPUs, of: limit.nanoCPUs)
        memoryShare = Self.share(reserved.memory, of: limit.memory)
    }

    /// Nodes are kept in this order, so that alike ones are neighbours.
    var fill: Double { cpuShare + memoryShare }

    func fits(_ claim: Resources) -> Bool {
        (claim.nanoCPUs <= 0 || limit.nanoCPUs &- reserved.nanoCPUs >= claim.nanoCPUs)
            && (claim.memory <= 0 || limit.memory &- reserved.memory >= claim.memory)
    }

    /// Classic swarm's weight of the node if the claim were placed on it: reserved CPUs and reserved memory
    /// in percent of what may be promised, 100 for one that is not asked for.
    func weight(of claim: Resources) -> Int {
        Self.percent(claim.nanoCPUs, on: reserved.nanoCPUs, of: limit.nanoCPUs)
            + Self.percent(claim.memory, on: reserved.memory, of: limit.memory)
    }

    private static func percent(_ claim: Int64, on reserved: Int64, of limit: Int64) -> Int {
        guard claim > 0, limit > 0 else {
            return 100
        }
        return Int(min(1000, (Double(reserved) + Double(claim)) * 100 / Double(limit)))
    }

    private static func share(_ part: Int64, of whole: Int64) -> Double {
        whole > 0 ? Double(part) / Double(whole) : 0
    }
}

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
