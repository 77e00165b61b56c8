// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// CPUs and memory, of a node or claimed by a container.
package struct Resources: Hashable, Sendable {
    /// In billionths of a CPU.
    package var nanoCPUs: Int64
    /// In bytes.
    package var memory: Int64

    package init(nanoCPUs: Int64 = 0, memory: Int64 = 0) {
        self.nanoCPUs = nanoCPUs
        self.memory = memory
    }

    package static func += (left: inout Resources, right: Resources) {
        left.nanoCPUs = saturating(left.nanoCPUs.addingReportingOverflow(right.nanoCPUs))
        left.memory = saturating(left.memory.addingReportingOverflow(right.memory))
    }

    package static func -= (left: inout Resources, right: Resources) {
        left.nanoCPUs = saturating(left.nanoCPUs.subtractingReportingOverflow(right.nanoCPUs))
        left.memory = saturating(left.memory.subtractingReportingOverflow(right.memory))
    }

    package static func + (left: Resources, right: Resources) -> Resources {
        var sum = left
        sum += right
        return sum
    }

    /// Sizes come from peers: a sum that does not fit is the largest there is, never a trap.
    private static func saturating(_ sum: (partialValue: Int64, overflow: Bool)) -> Int64 {
        sum.overflow ? .max : sum.partialValue
    }
}
