// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Where each container of the cluster is.
struct ContainerIndex: Sendable {}
