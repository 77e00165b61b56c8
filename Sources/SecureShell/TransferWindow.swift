// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// How much of a file is under way at once.
///
/// What waits in the server grows its buffers, which costs it more processor time than all the rest of a transfer. So
/// it is as little as the way to the host needs: 128 KiB for each millisecond of a round trip, which is the speed of a
/// network of 1 Gbit/s.
package enum TransferWindow {
    /// Of 32 KiB each.
    private static let piecesEachMillisecond = 4
    /// 2 MiB, which is what servers let come in without a word.
    private static let most = 64

    /// How many pieces may wait for their answers.
    ///
    /// - Parameter roundTrip: to the host; `nil` when it is not known.
    /// - Returns: 4 to 64.
    package static func pieces(roundTrip: Duration?) -> Int {
        guard let roundTrip, roundTrip < .seconds(1) else {
            return most
        }
        let milliseconds = max(1, Int((roundTrip / .milliseconds(1)).rounded(.up)))
        return min(most, milliseconds * piecesEachMillisecond)
    }
}
