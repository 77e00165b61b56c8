// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import SwarmCore

/// Never promises more CPUs or memory than a node has, times 1 + overcommit.
package struct ResourcesFilter: PlacementFilter {
    package let name = "resources"
    /// The share of a node that may be promised beyond what it has.
    let overcommit: Double

    package init(overcommit: Double) {
        self.overcommit = overcommit
    }

    package func conditions(of request: PlacementRequest) -> [String] {
        var conditions: [String] = []
        if request.claim.nanoCPUs > 0 {
            conditions.append("\(Self.cpus(request.claim.nanoCPUs)) CPUs")
        }
        if request.claim.memory > 0 {
            conditions.append("\(ByteCount(request.claim.memory).iec) memory")
        }
        return conditions
    }

    package func isIndexed(for request: PlacementRequest) -> Bool { true }

    package func rejection(of node: NodeSnapshot, for request: PlacementRequest) -> Rejection.Reason? {
        let limit = node.promisable(overcommit: overcommit)
        let after = node.reserved + request.claim
        if request.claim.nanoCPUs > 0, after.nanoCPUs > limit.nanoCPUs {
            let free = Self.cpus(max(0, limit.nanoCPUs - node.reserved.nanoCPUs))
            return .fact("\(Self.cpus(request.claim.nanoCPUs)) CPUs are not free", example: "\(free) free")
        }
        if request.claim.memory > 0, after.memory > limit.memory {
            let free = ByteCount(max(0, limit.memory - node.reserved.memory)).iec
            return .fact("\(ByteCount(request.claim.memory).iec) of memory are not free", example: "\(free) free")
        }
        return nil
    }

    /// In CPUs with at most three decimals.
    private static func cpus(_ nano: Int64) -> String {
        let milli = nano / 1_000_000
        guard milli % 1000 != 0 else {
            return "\(milli / 1000)"
        }
        let digits = "000\(milli % 1000)".suffix(3)
        return "\(milli / 1000).\(digits)"
    }
}
