// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import HTTPTransfer
import MachineDrivers
import Machines
import SwarmCore
import Testing

/// The OpenStack driver with tokens of the real keystone.
enum OpenStackIntegrationTests {
    @Suite("OpenStack with the real keystone", .serialized)
    struct KeystoneSoakTests {
        private static let common = [
            "openstack-flavor-name": "m1.small", "openstack-image-name": "debian-13", "openstack-net-name": "inside",
            "openstack-region": "one",
        ]

        @Test("every way to log in makes a machine, and each wrong one is told without what was given")
        func tokens() async throws {
            let keystone = try await Keystone.start()
            let (user, project) = (keystone.description["user"].text ?? "", keystone.description["project"].text ?? "")
            let named = [
                "openstack-username": "ops", "openstack-password": CloudTest.secret, "openstack-tenant-name": "lab",
                "openstack-domain-name": "Default",
            ]
            let byID = [
                "openstack-user-id": user, "openstack-password": CloudTest.secret, "openstack-tenant-id": project,
            ]
            let application = [
                "openstack-application-credential-id": keystone.description["credential"].text ?? "",
                "openstack-application-credential-secret": keystone.description["secret"].text ?? "",
            ]

            for login in [named, byID, application] {
                try await live(login, keystone)
            }
            let wrong = [
                named.merging(["openstack-password": "wrong-\(CloudTest.secret)"]) { $1 },
                named.merging(["openstack-tenant-name": "other"]) { $1 },
                byID.merging(["openstack-user-id": "0123"]) { $1 },
                application.merging(["openstack-application-credential-secret": "wrong"]) { $1 },
            ]
            for login in wrong {
                let error = try await refusal(login, keystone)
                #expect(error.kind == .denied, "\(error.message)")
                #expect(!error.message.contains(CloudTest.secret))
            }
            let elsewhere = try await refusal(named.merging(["openstack-region": "two"]) { $1 }, keystone)
            #expect(elsewhere.kind == .notFound, "\(elsewhere.message)")
        }

        private func request(_ login: [String: String], _ keystone: Keystone) -> MachineRequest {
            let place = Self.common.merging(["openstack-auth-url": keystone.url]) { $1 }
            return CloudTest.request(place.merging(login) { $1 })
        }

        private func driver(_ keystone: Keystone) -> OpenStackDriver {
            let patience = Patience(interval: .milliseconds(1)) { _ in try Task.checkCancellation() }
            return OpenStackDriver(http: keystone, environment: [:], patience: patience)
        }

        private func live(_ login: [String: String], _ keystone: Keystone) async throws {
            let driver = driver(keystone)
            let request = request(login, keystone)
            try await driver.preCreate(request)
            let state = try await driver.create(request, state: [:]) { _ in }
            let machine = DriverMachine(
                name: request.name,
                id: request.id,
                cluster: request.cluster,
                options: request.options,
                state: state
            )

            #expect(try await driver.state(of: machine) == .running)
            #expect(!state.values.contains { $0.contains(CloudTest.secret) })
            try await driver.remove(machine)
            #expect(try await driver.state(of: machine) == .notFound)
        }

        private func refusal(_ login: [String: String], _ keystone: Keystone) async throws -> MachineError {
            try await #require(throws: MachineError.self) {
                try await driver(keystone).preCreate(request(login, keystone))
            }
        }
    }
}
