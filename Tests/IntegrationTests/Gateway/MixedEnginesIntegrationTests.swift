// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import Testing

/// Engines 20.10, 26.1 and 28.5 behind one endpoint.
@Suite("Mixed engines", .serialized)
struct MixedEnginesIntegrationTests {
    /// Docker CLIs by Debian suite, and the version of the API they are pinned to; empty for their own choice.
    private static let clients: [(suite: String?, version: String)] = [
        (nil, "1.24"), (nil, ""), ("sid", "1.24"), ("sid", "1.41"), ("sid", ""),
    ]

    @Test("each is used by clients of any version that all of them speak")
    func versions() async throws {
        try await ManagedEngines.with(suites: [nil, "trixie", "sid"]) { managed in
            let offered = try await managed.docker(
                "version",
                "--format",
                "{{.Server.APIVersion}} {{.Server.MinAPIVersion}}"
            )
            #expect(offered.line == "1.41 1.24")
            for (suite, version) in Self.clients {
                let client = try await Testbed.docker(suite: suite)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for node in ["gateway-1", "gateway-2", "gateway-3"] {
                        group.addTask { try await use(client, version: version, node: node, managed) }
                    }
                    try await group.waitForAll()
                }
            }
            try await compareRefusals(managed)
            // Of each the newest version that the manager reads.
            for (number, version) in ["1.41", "1.45", "1.47"].enumerated() {
                try await compareLists(number + 1, version: version, managed)
            }
        }
    }

    /// A container that the manager had made, or started, is listed by it as by its engine, the moment after.
    private func compareLists(_ number: Int, version: String, _ managed: ManagedEngines) async throws {
        let engine = managed.engines[number - 1]
        let name = "listed-\(number)"
        let script = """
            set -e
            docker -H \(engine) network create --subnet 10.91.\(number).0/24 \(name) >/dev/null
            until docker network inspect \(name) >/dev/null 2>&1; do sleep 0.2; done
            docker create --name \(name) -e constraint:node==gateway-\(number) -p 18470:80 -p 81/udp --expose 99 \
                --label a=b --label 'c=<&"é' -v \(name):/volume -v /tmp:/host:ro --health-cmd true --tmpfs /memory \
                --network \(name) --network-alias other --ip 10.91.\(number).9 busybox sh -c 'sleep 600; echo "a  b"'
            """
        let made = try await run(
            "sh",
            ["-c", script],
            environment: ["DOCKER_HOST": managed.manager, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            timeout: .seconds(120)
        )
        try #require(made.status == 0, "\(made)")
        for (action, state) in [("", "created"), ("start", "running"), ("pause", "paused"), ("unpause", "running")] {
            if !action.isEmpty {
                let result = try await managed.docker(action, name)
                try #require(result.status == 0, "\(result)")
            }
            let ours = try await element(name, of: managed.manager, version: "1.41")
            let theirs = try await element(name, of: engine, version: version)

            #expect(ours["State"]?.string == state)
            #expect(ours["Names"]?.strings == ["/gateway-\(number)/\(name)"])
            for (key, value) in JSONObject(theirs).members where !["Names", "Status", "Ports"].contains(key) {
                // Their order is chance.
                let isSame =
                    key == "Mounts" ? Set(ours[key]?.elements ?? []) == Set(value.elements) : ours[key] == value
                #expect(isSame, "\(key) of API \(version), \(state): \(ours[key]?.text ?? "-"), not \(value.text)")
            }
            #expect(JSONObject(ours).members.map(\.key) == JSONObject(theirs).members.map(\.key), "API \(version)")
            #expect(Self.ports(ours) == Self.ports(theirs), "API \(version), \(state)")
        }
        _ = try await managed.docker("rm", "-f", "-v", name)
    }

    private func element(_ name: String, of host: String, version: String) async throws -> JSON {
        let url = host.replacing("tcp:", with: "http:") + "/v\(version)/containers/json"
        let filter = #"filters={"name":["\#(name)"]}"#
        let result = try await run("curl", ["-fsSG", "-m", "60", url, "-d", "all=1", "--data-urlencode", filter])
        return try #require(try JSON(parsing: result.output).elements.first, "\(result)")
    }

    /// Without addresses, which the manager makes those that clients reach.
    private static func ports(_ element: JSON) -> Set<String> {
        Set(
            (element["Ports"]?.elements ?? []).map { port in
                ["PrivatePort", "PublicPort", "Type"].map { port[$0]?.text ?? "-" }.joined(separator: " ")
            }
        )
    }

    /// A container's life on one node.
    private func use(_ client: String, version: String, node: String, _ managed: ManagedEngines) async throws {
        let name = "mixed-\(node)"
        let script = """
            set -e
            docker create --name \(name) -e constraint:node==\(node) busybox sh -c 'echo said; sleep 600' >/dev/null
            docker start \(name)
            docker exec \(name) echo inside
            docker ps --filter name=\(name) --format '{{.Names}}'
            docker inspect \(name) --format '{{.State.Status}}'
            until docker logs \(name) | grep -q said; do sleep 0.2; done
            docker logs \(name)
            docker stop -t 0 \(name)
            docker rm \(name)
            """
        let environment = [
            "PATH": client.split(separator: "/").dropLast().map { "/" + $0 }.joined() + ":/usr/bin:/bin",
            "DOCKER_HOST": managed.manager, "DOCKER_API_VERSION": version,
        ]
        let result = try await run("sh", ["-c", script], environment: environment, timeout: .seconds(120))
        let lines = result.output.split(separator: "\n").map { String($0) }
        let expected = [name, "inside", "\(node)/\(name)", "running", "said", name, name]
        #expect(lines == expected, "\(client), API \(version), \(node): \(result)")
    }

    /// A client too old or too new is told so as by one engine.
    private func compareRefusals(_ managed: ManagedEngines) async throws {
        // The oldest engine has the lowest maximum, the newest the highest minimum.
        for (version, engine) in [("1.51", managed.engines[0]), ("1.20", managed.engines[2])] {
            let answers = try await [engine, managed.manager].asyncMap { host in
                let url = host.replacing("tcp:", with: "http:") + "/v\(version)/containers/json"
                return try await run("curl", ["-sS", "-m", "60", "-w", "%{http_code}", url]).output
            }
            #expect(answers[0] == answers[1], "API \(version)")
            #expect(answers[1].hasSuffix("400"))
        }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self {
            values.append(try await body(element))
        }
        return values
    }
}
