// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// One condition of the form `KEY==VALUE` or `KEY!=VALUE`.
package struct PlacementExpression: Sendable, Equatable {
    package let key: String
    package let isSoft: Bool
}
