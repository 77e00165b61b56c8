// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Testing

/// What every store must stand, and takes longer than CI has; `make soak` runs it.
@Suite("Discovery stores for long", .serialized)
struct StoreSoakTests {
    @Test("an outage of a minute loses no member, is told, and heals")
    func outage() async throws {
        try await atOnce(StoreServer.all) { server in
            try await StoreOutage(server: server, name: "back after 60 s away").run(for: .seconds(60))
        }
    }
}
