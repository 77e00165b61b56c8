// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Gateway
import NIOHTTP1
import SwarmCore
import Testing

/// What the server does with every request, whatever its route.
@Suite("Server", .timeLimit(.minutes(1)))
struct ServerTests {
    private func get(_ client: HTTPClient, _ target: String) async throws -> HTTPReply {
        try await client.reply(to: HTTPRequest(.GET, target), deadline: .after(.seconds(10)))
    }

    @Test("a connection more than there may be is told so, and one that ends makes room")
    func connectionLimit() async throws {
        let engine = try await FakeEngine(name: "node-1")

        let (refused, admitted) = try await withGateway(over: [engine], configure: { $0.connectionLimit = 1 }) {
            first in
            let second = HTTPClient(address: first.address)
            let refused = try await first.withResponse(to: HTTPRequest(.GET, "/events")) { response in
                #expect(response.status == 200)
                return try await get(second, "/_ping")
            }
            first.shutdown()
            // The server learns of a client's end on its own time.
            var admitted = try await get(second, "/_ping")
            while admitted.status == 503 {
                try await ContinuousClock().sleep(for: .milliseconds(10))
                admitted = try await get(second, "/_ping")
            }
            return (refused, admitted)
        }

        #expect(refused.status == 503)
        #expect(try JSON(parsing: refused.body)["message"]?.string?.contains("too many connections") == true)
        #expect(refused.headers["X-Request-Id"].count == 1)
        #expect(admitted.status == 200)
    }

    @Test("clients from before API 1.24 get errors as text, later ones as JSON")
    func plainErrors() async throws {
        let engine = try await FakeEngine(name: "node-1")

        let (old, new) = try await withGateway(over: [engine]) { client in
            (try await get(client, "/v1.20/info"), try await get(client, "/v1.99/info"))
        }

        #expect(old.status == 400 && new.status == 400)
        #expect(
            String(decoding: old.body, as: UTF8.self)
                == "client version 1.20 is too old. Minimum supported API version is 1.24, "
                + "please upgrade your client to a newer version\n"
        )
        #expect(
            try JSON(parsing: new.body)["message"]?.string
                == "client version 1.99 is too new. Maximum supported API version is 1.41"
        )
    }

    @Test("scripts of other origins may use the API only when the command line says so", arguments: [true, false])
    func crossOrigin(isAllowed: Bool) async throws {
        let engine = try await FakeEngine(name: "node-1")

        let reply = try await withGateway(over: [engine], configure: { $0.allowsCrossOrigin = isAllowed }) { client in
            try await client.reply(to: HTTPRequest(.OPTIONS, "/info"), deadline: .after(.seconds(10)))
        }

        #expect(reply.status == 200)
        #expect(reply.headers["Access-Control-Allow-Origin"] == (isAllowed ? ["*"] : []))
    }

    @Test("metrics have lags, reconnects and connections")
    func metrics() async throws {
        let engine = try await FakeEngine(name: "node-1")

        let text = try await withGateway(over: [engine]) { client in
            String(decoding: try await get(client, "/metrics").body, as: UTF8.self)
        }

        #expect(text.contains("\nswarm_reconnects_total 0\n"))
        #expect(text.contains("\nswarm_client_connections 1\n"))
        #expect(text.contains("# TYPE swarm_event_lag_seconds gauge\n"))
    }

    @Test(
        "the filter of names takes expressions, which match in linear time",
        arguments: [
            (expression: "^/web$", finds: true), (expression: "^web$", finds: true), (expression: "we", finds: true),
            (expression: "^/node-1/w", finds: true), (expression: "[", finds: false), (expression: "x", finds: false),
            (expression: "(w*)*(w*)*(w*)*(w*)*$x", finds: false),
        ]
    )
    func nameFilter(expression: String, finds: Bool) async throws {
        let id = String(repeating: "a", count: 64)
        let name = "web"
        let list = #"[{"Id":"\#(id)","Names":["/\#(name)"],"State":"running","Created":1}]"#
        let engine = try await FakeEngine(name: "node-1", containers: list)
        let filters = JSONObject([("name", JSON([expression]))]).json.text

        let count = try await withGateway(over: [engine]) { client in
            let request = HTTPRequest(.GET, "/containers/json", query: [("filters", filters)])
            return try await client.reply(to: request, deadline: .after(.seconds(10))).json().elements.count
        }

        #expect(count == (finds ? 1 : 0))
    }
}
