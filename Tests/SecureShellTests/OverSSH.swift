// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Testing

/// The suites that talk to servers of their own; one test at a time, because some of them measure.
@Suite("Over SSH", .serialized)
enum OverSSH {}
