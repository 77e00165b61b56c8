// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SecureShell
import Testing

@Suite("TransferWindow")
struct TransferWindowTests {
    @Test(
        "as much is under way as the round trip asks for, at least 128 KiB and at most 2 MiB",
        arguments: [
            (roundTrip: .zero, pieces: 4), (roundTrip: .microseconds(80), pieces: 4),
            (roundTrip: .milliseconds(1), pieces: 4), (roundTrip: .microseconds(1001), pieces: 8),
            (roundTrip: .milliseconds(10), pieces: 40), (roundTrip: .milliseconds(16), pieces: 64),
            (roundTrip: .milliseconds(200), pieces: 64), (roundTrip: .seconds(1 << 40), pieces: 64),
            (roundTrip: nil, pieces: 64),
        ] as [(roundTrip: Duration?, pieces: Int)]
    )
    func pieces(roundTrip: Duration?, pieces: Int) {
        #expect(TransferWindow.pieces(roundTrip: roundTrip) == pieces)
    }
}
