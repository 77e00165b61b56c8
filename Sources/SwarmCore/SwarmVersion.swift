// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The version of this source tree, printed by `--version` and announced by the manager.
package let swarmVersion = "0.1.0"
