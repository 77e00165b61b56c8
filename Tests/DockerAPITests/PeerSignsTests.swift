// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Testing

@Suite("PeerSigns")
struct PeerSignsTests {
    @Test(
        "a peer that answers is there, however long it takes nothing",
        arguments: [
            (silence: 0, unanswered: 0, isGone: false),
            (silence: 3_600_000, unanswered: 0, isGone: false),
            // A question for room that is on its way; these are up to two minutes apart.
            (silence: 120_000, unanswered: 1, isGone: false),
            (silence: 24_999, unanswered: 9, isGone: false),
            (silence: 25_000, unanswered: 3, isGone: true),
        ]
    )
    func gone(silence: UInt32, unanswered: Int, isGone: Bool) {
        #expect(PeerSigns(silence: silence, unanswered: unanswered).showThatPeerIsGone == isGone)
    }
}
