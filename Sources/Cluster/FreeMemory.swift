// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CMalloc

/// Memory that was needed for a moment, such as for the answers of a thousand engines that join at once.
enum FreeMemory {
    /// How long after a burst of work it is given back: then most of the work is done.
    static let delay = Duration.seconds(2)

    /// Gives free pages back to the system, also those between others that are in use; takes milliseconds.
    static func giveBack() {
        swarmctl_return_free_memory()
    }
}
