// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import SwarmCore

/// The way to a provider's HTTP API on which calls go wrong as planned.
struct FaultingSender: HTTPSending {
    let inner: any HTTPSending
    let plan: FaultPlan
    /// How the plan's calls are named.
    var describe: @Sendable (HTTPRequest) -> String = Self.methodAndPath
    /// How the provider words a refusal: quota, credentials, rate limit.
    var refusal: @Sendable (Fault) -> HTTPResponse? = { _ in nil }

    /// The way with or without the decorator that retries, as the plan says.
    static func path(
        to inner: any HTTPSending,
        plan: FaultPlan,
        refusal: @escaping @Sendable (Fault) -> HTTPResponse? = { _ in nil },
        describe: @escaping @Sendable (HTTPRequest) -> String = Self.methodAndPath
    ) -> any HTTPSending {
        let sender = FaultingSender(inner: inner, plan: plan, describe: describe, refusal: refusal)
        return plan.isRetried ? RetryingSender(sender, clock: plan.clock, chance: { 0 }) : sender
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try Task.checkCancellation()
        guard let fault = plan.fault(for: describe(request)) else {
            return try await inner.send(request)
        }
        switch fault {
        case .cut:
            throw HTTPError.connectionLost(endpoint: "provider", detail: "cut by the test")
        case .answerLost:
            _ = try await inner.send(request)
            throw HTTPError.connectionLost(endpoint: "provider", detail: "cut by the test")
        case .timeout:
            throw HTTPError.timedOut(endpoint: "provider", whileConnecting: false)
        case .hang:
            try await ContinuousClock().sleep(for: .seconds(600))
            throw CancellationError()
        case .quotaExceeded, .wrongCredentials, .rateLimited:
            guard let response = refusal(fault) else {
                throw HTTPError.library(endpoint: "provider", code: 0, detail: "the harness has no words for \(fault)")
            }
            return response
        }
    }

    /// `POST /v2/droplets`, without the query.
    @Sendable static func methodAndPath(_ request: HTTPRequest) -> String {
        var rest = request.url[...]
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...].drop { $0 != "/" }
        }
        return "\(request.method) \(rest.prefix { $0 != "?" })"
    }
}
