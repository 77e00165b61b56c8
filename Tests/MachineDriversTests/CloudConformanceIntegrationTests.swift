// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers
import Machines
import Testing

/// The drivers of clouds on stand-ins that check each request against what the provider publishes.
///
/// They need no server; thousands of calls would disturb the unit tests that measure times.
@Suite("Cloud drivers on stand-ins")
struct CloudConformanceIntegrationTests {
    private static let patience = Patience(interval: .milliseconds(1)) { _ in try Task.checkCancellation() }

    @Test("the digitalocean driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func digitalOcean(promise: ConformanceCase) async throws {
        let stub = try StubProvider(DigitalOceanStub(), schema: "digitalocean")
        let harness = DriverHarness(
            name: "digitalocean",
            driver: { plan in
                let http = FaultingSender.path(to: stub, plan: plan) { fault in
                    let (status, id, message) =
                        switch fault {
                        case .quotaExceeded: (422, "unprocessable_entity", "this will exceed your droplet limit")
                        case .wrongCredentials: (401, "unauthorized", "bad token \(CloudTest.secret)")
                        default: (429, "too_many_requests", "API rate limit exceeded.")
                        }
                    return CloudTest.refusal(fault, status: status, #"{"id":"\#(id)","message":"\#(message)"}"#)
                }
                return DigitalOceanDriver(http: http, environment: [:], patience: Self.patience)
            },
            request: { CloudTest.request(["digitalocean-access-token": CloudTest.secret]) },
            hostKind: "droplet",
            hostCall: "POST /v2/droplets",
            secrets: [CloudTest.secret, CloudTest.hostSecret]
        )
        try await DriverConformance(harness).check(promise)
    }

    @Test("the hetzner driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func hetzner(promise: ConformanceCase) async throws {
        let stub = try StubProvider(HetznerStub(), schema: "hetzner")
        let harness = DriverHarness(
            name: "hetzner",
            driver: { plan in
                let http = FaultingSender.path(to: stub, plan: plan) { fault in
                    let (status, code) =
                        switch fault {
                        case .quotaExceeded: (403, "resource_limit_exceeded")
                        case .wrongCredentials: (401, "unauthorized")
                        default: (429, "rate_limit_exceeded")
                        }
                    return CloudTest.refusal(
                        fault,
                        status: status,
                        #"{"error":{"code":"\#(code)","message":"no: \#(CloudTest.secret)"}}"#
                    )
                }
                return HetznerDriver(http: http, environment: [:], patience: Self.patience)
            },
            request: { CloudTest.request(["hetzner-api-token": CloudTest.secret]) },
            hostKind: "server",
            hostCall: "POST /v1/servers",
            secrets: [CloudTest.secret, CloudTest.hostSecret]
        )
        try await DriverConformance(harness).check(promise)
    }

    @Test("the openstack driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func openStack(promise: ConformanceCase) async throws {
        let stub = try StubProvider(OpenStackStub(), schema: "openstack")
        let harness = DriverHarness(
            name: "openstack",
            driver: { plan in
                let http = FaultingSender.path(to: stub, plan: plan) { fault in
                    let (status, code, message) =
                        switch fault {
                        case .quotaExceeded: (403, "forbidden", "Quota exceeded for cores: Requested 2")
                        case .wrongCredentials: (401, "error", "not authorized: \(CloudTest.secret)")
                        default: (429, "overLimit", "This request was rate-limited.")
                        }
                    let text = #"{"\#(code)":{"code":\#(status),"message":"\#(message)"}}"#
                    return CloudTest.refusal(fault, status: status, text)
                }
                return OpenStackDriver(http: http, environment: [:], patience: Self.patience)
            },
            request: { CloudTest.request(OpenStackStub.options) },
            hostKind: "server",
            hostCall: "POST /v2.1/servers",
            secrets: [CloudTest.secret, CloudTest.hostSecret]
        )
        try await DriverConformance(harness).check(promise)
    }

    @Test("the google driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func google(promise: ConformanceCase) async throws {
        let stub = try StubProvider(GoogleStub(), schema: "google") { $0.path != "/token" }
        let harness = DriverHarness(
            name: "google",
            driver: { plan in
                let http = FaultingSender.path(to: stub, plan: plan) { fault in
                    let (status, reason) =
                        switch fault {
                        case .quotaExceeded: (403, "quotaExceeded")
                        case .wrongCredentials: (401, "authError")
                        default: (429, "rateLimitExceeded")
                        }
                    let text = #"{"error":{"code":1,"message":"no","errors":[{"reason":"\#(reason)"}]}}"#
                    return CloudTest.refusal(fault, status: status, text)
                }
                return GoogleDriver(http: http, environment: [:], patience: Self.patience)
            },
            request: { CloudTest.request(["google-auth-encoded-json": GoogleStub.account]) },
            hostKind: "instance",
            hostCall: "POST /compute/v1/projects/lab-1/zones/us-central1-a/instances",
            secrets: ["PRIVATE KEY", CloudTest.hostSecret]
        )
        try await DriverConformance(harness).check(promise)
    }

    @Test("the azure driver keeps each promise of a driver", arguments: ConformanceCase.allCases)
    func azure(promise: ConformanceCase) async throws {
        try await azure(promise, options: AzureStub.options, name: "azure")
    }

    private func azure(_ promise: ConformanceCase, options: [String: String], name: String) async throws {
        let stub = try StubProvider(AzureStub(), schema: "azure") { !$0.path.hasSuffix("/token") }
        let harness = DriverHarness(
            name: name,
            driver: { plan in
                let http = FaultingSender.path(
                    to: stub,
                    plan: plan,
                    refusal: { fault in
                        let (status, code) =
                            switch fault {
                            case .quotaExceeded: (409, "QuotaExceeded")
                            case .wrongCredentials: (401, "AuthenticationFailed")
                            default: (429, "TooManyRequests")
                            }
                        let text = #"{"error":{"code":"\#(code)","message":"no \#(CloudTest.secret)"}}"#
                        return CloudTest.refusal(fault, status: status, text)
                    },
                    // The kind of thing says more than its path.
                    describe: { request in
                        let path = FaultingSender.methodAndPath(request)
                        return path.hasPrefix("PUT") && path.contains("/virtualMachines/") ? "PUT machine" : path
                    }
                )
                return AzureDriver(http: http, environment: [:], patience: Self.patience)
            },
            request: { CloudTest.request(options) },
            hostKind: "virtualMachines",
            hostCall: "PUT machine",
            secrets: [CloudTest.secret, CloudTest.hostSecret]
        )
        try await DriverConformance(harness).check(promise)
    }
}
