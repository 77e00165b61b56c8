// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Cluster
import Testing

@Suite("ReschedulePolicy")
struct ReschedulePolicyTests {
    private static let readings: [(texts: [String], policy: ReschedulePolicy)] = [
        (["on-node-failure"], .onNodeFailure), (["on-node-failure", "on-unhealthy"], [.onNodeFailure, .onUnhealthy]),
        (["on-node-failure, on-unhealthy"], [.onNodeFailure, .onUnhealthy]), (["off", "on-unhealthy"], []), ([], []),
    ]

    @Test("policies are read as separate entries or with commas, and off wins", arguments: readings)
    func reads(texts: [String], policy: ReschedulePolicy) throws {
        #expect(try ReschedulePolicy(parsing: texts) == policy)
    }

    @Test("a word that is no policy refuses the container, and is named")
    func unknown() {
        let body = Array(#"{"Image":"redis","Env":["reschedule:on-failure"]}"#.utf8)

        #expect(throws: CreationError.unknownPolicy("on-failure")) {
            try ContainerCreation(name: "web", platform: nil, body: body)
        }
    }
}
