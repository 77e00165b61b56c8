// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI
internal import NIOHTTP1

/// A page for people, and what it shows in a form for programs.
extension DockerRoutes {
    var pageRoutes: [Route] {
        [
            Route(.GET, "ui") { _, responder in
                try await responder.send(headers: Self.pageHeaders, bytes: Array(ClusterPage.text.utf8))
            },
            Route(.GET, "cluster/nodes") { _, responder in
                let description = ClusterDescription(
                    cluster.snapshot,
                    leadership: cluster.leadership.view,
                    cache: nodeLines
                )
                try await responder.send(json: description.nodes)
            },
        ]
    }

    /// Nothing from elsewhere is loaded, nothing is sent elsewhere, and no other page shows this one.
    private static var pageHeaders: HTTPHeaders {
        [
            "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
                + "script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ]
    }
}
