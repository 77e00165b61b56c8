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
    /// Nodes are kept in this order, so that neighbours are alike in CPUs and in memory.
    private(set) var key: UInt64 = 0

    init() {}

    init(reserved: Resources, limit: Resources, containers: Int, group: Int, isOpen: Bool) {
        self.reserved = reserved
        self.limit = limit
        self.containers = containers
        self.group = group
        self.isOpen = isOpen
        // The bits of both shares in turn: a curve through the square of all pairs that stays near itself.
        let shares = Self.spaced(cpuShare) | Self.spaced(memoryShare) << 1
        key = shares << 32 | UInt64(UInt32(clamping: containers))
    }

    // Shares of the limits that are reserved.
    var cpuShare: Double { Self.share(reserved.nanoCPUs, of: limit.nanoCPUs) }
    var memoryShare: Double { Self.share(reserved.memory, of: limit.memory) }

    func fits(_ claim: Resources) -> Bool {
        (claim.nanoCPUs <= 0 || limit.nanoCPUs &- reserved.nanoCPUs >= claim.nanoCPUs)
            && (claim.memory <= 0 || limit.memory &- reserved.memory >= claim.memory)
    }

    /// Classic swarm's weight of the node if the claim were placed on it: reserved CPUs and reserved memory
    /// in percent of what may be promised, 100 for one that is not asked for.
    func weight(of claim: Resources) -> Int {
        Self.percent(claim.nanoCPUs, on: reserved.nanoCPUs, of: limit.nanoCPUs)
            &+ Self.percent(claim.memory, on: reserved.memory, of: limit.memory)
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

    /// A share in 2¹⁵ths, with a zero before each of its sixteen bits.
    private static func spaced(_ share: Double) -> UInt64 {
        var bits = UInt64(max(0, min(65535, share * 32768)))
        bits = (bits | bits << 8) & 0x00FF_00FF
        bits = (bits | bits << 4) & 0x0F0F_0F0F
        bits = (bits | bits << 2) & 0x3333_3333
        return (bits | bits << 1) & 0x5555_5555
    }
}
