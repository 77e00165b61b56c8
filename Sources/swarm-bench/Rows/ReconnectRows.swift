// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// All engines are cut off for a while, and come back at once.
struct ReconnectRows {
    private static let outage = Duration.seconds(10)

    let field: ClusterField

    func run(_ report: Report) async throws {
        for engine in field.simulator.engines {
            engine.setFault(.cut)
        }
        try await ContinuousClock().sleep(for: Self.outage)
        let cut = field.manager.sample
        for engine in field.simulator.engines {
            engine.setFault(.none)
        }
        let seconds = try await field.manager.waitHealthy(field.simulator.engines.count)
        let back = field.manager.sample
        report.add(
            Figure(
                what: "reconnect: all healthy again",
                load: "\(field.load), cut for 10 s",
                value: seconds,
                budget: 15,
                reference: .init(name: "processor time", value: back.processor - cut.processor)
            )
        )
        report.add(
            Figure(
                what: "reconnect: resident",
                load: field.load,
                value: back.resident,
                unit: .bytes,
                reference: .init(name: "while cut off", value: cut.resident)
            )
        )
        // What reading everything again took is given back when all is read.
        try await ContinuousClock().sleep(for: .seconds(5))
        report.add(
            Figure(
                what: "reconnect: resident, 5 s later",
                load: field.load,
                value: field.manager.sample.resident,
                unit: .bytes,
                reference: .init(name: "when all were healthy again", value: back.resident)
            )
        )
    }
}
