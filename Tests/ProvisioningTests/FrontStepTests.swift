// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore
import Testing

@testable import Provisioning

@Suite("FrontStep")
struct FrontStepTests {
    private static let image = SwarmdImage(path: "/cache/whole.tar", tag: "swarmd:1", size: 25_000_000)
    private static let front = FrontSpec(
        executable: "/swarmd",
        digest: "abc",
        image: SwarmdImage(path: "/cache/frame.tar", tag: "swarmd:1-frame", size: 10_240)
    )

    private func wanted(_ host: FakeHost = FakeHost([])) -> ProvisionRequest {
        var request = request(host)
        request.image = Self.image
        request.front = Self.front
        request.agent = AgentSpec(discovery: "swarm://10.0.0.1:3376/lab", advertise: "10.0.0.1:2376")
        return request
    }

    private func facts(_ report: String) async throws -> HostFacts {
        let host = FakeHost([
            FakeHost.Answer(mark: "cloud-init status --wait", output: "::done yes\n"),
            FakeHost.Answer(mark: "look_at_system", output: Reports.fresh + report),
        ])
        return try await Provisioner().look(request(host), deadline: .after(.seconds(5)))
    }

    private func step(_ request: ProvisionRequest) -> FrontStep {
        FrontStep(request: request, shell: HostShell(request, deadline: .after(.seconds(5))) { _, _ in })
    }

    @Test("where there is a front, containers mount its program into an image without one")
    func oneCopy() async throws {
        let (request, warning) = FrontStep.fitted(wanted(), try await facts(""))

        #expect(warning == nil)
        #expect(request.image?.tag == "swarmd:1-frame")
        let specs = try ContainerSpec.wanted(request)
        #expect(specs.allSatisfy { $0.binds.contains("/var/lib/swarmctl/front/swarmd:/swarmd:ro") })
    }

    @Test("a host without systemd has no front, whole images, and is told so")
    func otherServices() async throws {
        let (request, warning) = FrontStep.fitted(wanted(), try await facts("::services openrc\n"))

        #expect(request.front == nil)
        #expect(request.image == Self.image)
        #expect(warning?.contains("needs systemd") == true)
        #expect(try ContainerSpec.wanted(request).allSatisfy { !$0.binds.contains { $0.hasSuffix(":/swarmd:ro") } })
    }

    @Test("one that runs is left alone; another program or none, or one that is not wanted, is a change")
    func plan() async throws {
        var without = wanted()
        without.front = nil
        let running = try await facts("::front-installed yes\n::front abc\n")
        let older = try await facts("::front-installed yes\n::front def\n")
        let stopped = try await facts("::front-installed yes\n")

        #expect(step(wanted()).plan(running) == nil)
        #expect(step(wanted()).plan(older) == "run the front of the engine")
        #expect(step(wanted()).plan(stopped) == "run the front of the engine")
        #expect(step(without).plan(stopped) == "remove the front of the engine")
        #expect(step(without).plan(try await facts("")) == nil)
    }

    @Test("root's program arrives where it stays, or in the temporary folder while nothing is there")
    func arrival() async throws {
        for (isMissing, path) in [(false, "/var/lib/swarmctl/arrival-front-"), (true, "/tmp/swarmctl-front-")] {
            let answers = [FakeHost.Answer(mark: "take_program", output: "::done yes\n")]
            let host = FakeHost(answers, missing: isMissing ? "/var/lib/swarmctl/" : nil)

            _ = try await step(wanted(host)).apply(try await facts("::uid 0\n::user root\n"))

            #expect(host.scripts.last?.contains("arrival='\(path)") == true)
            #expect(host.uploads.map { String($0.prefix(path.count)) }.last == path)
        }
    }

    @Test("the script gets what arrived, its digest and the unit with the engine's port")
    func apply() async throws {
        let host = FakeHost([FakeHost.Answer(mark: "take_program", output: "::done yes\n")])
        var request = wanted(host)
        request.enginePort = 12_376

        let changes = try await step(request).apply(try await facts("::sudo-user me\n"))

        #expect(changes == ["run the front of the engine"])
        let script = try #require(host.scripts.last)
        #expect(script.contains("arrival='/tmp/swarmctl-front-"))
        #expect(script.contains("= 'abc' ]"))
        #expect(script.contains("-H tcp://0.0.0.0:12376 unix:///run/swarmctl-engine.sock"))
    }
}
