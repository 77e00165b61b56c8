// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Dispatch
import Synchronization

/// What eight threads change, each under the lock, and, when asked to, also beside it.
final class Shared: @unchecked Sendable {
    let locked = Mutex([Int: Int]())
    var raced = 0
}

let shared = Shared()
let races = CommandLine.arguments.contains("race")
DispatchQueue.concurrentPerform(iterations: 8) { _ in
    for round in 0..<100_000 {
        shared.locked.withLock { $0[round % 50, default: 0] += 1 }
        if races, round % 100 == 0 {
            shared.raced += 1
        }
    }
}
print(shared.locked.withLock { $0.values.reduce(0, +) })
