// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
package import PKI
package import Provisioning
package import SecureShell
package import SwarmCore

/// What the operations on clusters and machines need from outside: the store, the drivers, and how this run behaves.
package struct LifecycleContext: Sendable {
    package let store: MachineStore
    package let drivers: [any MachineDriver]
    package let progress: ProgressBoard
    /// The environment of the process: credentials, `SWARMCTL_SWARMD`, `USER`.
    package var environment: [String: String]
    /// `~/.ssh/config`, as read.
    package var sshConfig: SSHConfig
    /// How many hosts are worked on at the same time, from 1.
    package var parallel = 16
    /// A folder whose templates replace ours; `nil` for ours alone.
    package var templateOverrides: String?
    /// How long one host may take from its creation to its registration.
    package var hostTimeout = Duration.seconds(1800)
    /// Seconds since 1970, UTC.
    package var now: @Sendable () -> Int

    package init(
        store: MachineStore,
        drivers: [any MachineDriver],
        progress: ProgressBoard,
        environment: [String: String],
        sshConfig: SSHConfig,
        now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
    ) {
        self.store = store
        self.drivers = drivers
        self.progress = progress
        self.environment = environment
        self.sshConfig = sshConfig
        self.now = now
    }

    /// The driver called `name`.
    ///
    /// - Throws: ``MachineError/unknownDriver(name:known:)``.
    package func driver(_ name: String) throws -> any MachineDriver {
        guard let driver = drivers.first(where: { $0.name == name }) else {
            throw MachineError.unknownDriver(name: name, known: drivers.map(\.name))
        }
        return driver
    }

    /// What a driver is told of a recorded machine, secrets resolved.
    package func driverMachine(_ record: MachineRecord) throws -> DriverMachine {
        DriverMachine(
            name: record.name,
            id: record.id,
            cluster: record.cluster,
            options: try options(record.options, of: try driver(record.driver)),
            state: record.state
        )
    }

    /// The driver's options: those given, else from the environment, else the defaults; secrets resolved.
    package func options(_ given: [String: String], of driver: any MachineDriver) throws -> [String: String] {
        var values: [String: String] = [:]
        for option in driver.options {
            guard
                let value = given[option.name] ?? option.environment.flatMap({ environment[$0] }) ?? option.defaultValue
            else {
                continue
            }
            values[option.name] =
                option.isSecret ? try SecretSource.resolve(value, for: option.name, in: environment) : value
        }
        return values
    }

    /// Connects to a machine as its driver's hosts are reached.
    ///
    /// For hosts that we made: the cluster's own key, and the host key must be the one that we put there.
    /// For adopted hosts: the user's keys, or the machine's own, and the host key is pinned on first use.
    package func connect(to record: MachineRecord, deadline: Deadline) async throws -> SSHConnection {
        guard let address = record.ssh else {
            throw MachineError.notSupported(driver: record.driver, action: "reached over SSH")
        }
        let isOurs = try driver(record.driver).makesHosts && record.ownKey == nil
        let identity = isOurs ? store.sshKey(of: record.cluster) : try sshKey(for: record)
        var destination = try sshConfig.resolve(
            address,
            defaultUser: isOurs ? "root" : SSHEnvironment.user,
            identityFiles: identity.map { [$0] } ?? []
        )
        destination.identitiesOnly = destination.identitiesOnly || isOurs
        let options = SSHOptions(
            knownHosts: KnownHosts(path: store.knownHosts(of: record.cluster)),
            newHostKeys: isOurs ? .refuse : .pin
        )
        return try await SSHConnection.connect(to: destination, options: options, deadline: deadline)
    }

    /// The certificate authority and the operator's identity of a cluster.
    package func authorities(of cluster: String) -> AuthorityStore {
        AuthorityStore(folder: store.pkiFolder(of: cluster))
    }

    /// The passphrase of a cluster's authority; `nil` for a key that is not encrypted.
    ///
    /// - Throws: ``LifecycleError/badSecret(option:problem:)``.
    package func passphrase(of spec: ClusterSpec) throws -> [UInt8]? {
        guard let source = spec.authorityPassphrase else {
            return nil
        }
        return Array(try SecretSource.resolve(source, for: "ca-passphrase-command", in: environment).utf8)
    }

    /// The operator's files with which engines and managers of a cluster are called.
    package func identity(of cluster: String) -> ClientIdentity {
        let pki = authorities(of: cluster)
        return ClientIdentity(
            authorityPath: pki.authorityCertificatePath,
            certificatePath: pki.certificatePath,
            keyPath: pki.keyPath
        )
    }

    /// The name in the operator's certificate: the user's, with what a certificate cannot hold replaced.
    package var operatorName: String {
        let name = environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? SSHEnvironment.user
        return name.isEmpty ? "operator" : String(name.prefix(64))
    }

    private func sshKey(for record: MachineRecord) throws -> String? {
        if let own = record.ownKey {
            return own.hasPrefix("/") ? own : "\(store.root)/\(own)"
        }
        let key = try record.options["generic-ssh-key"] ?? store.cluster(record.cluster).spec.sshKey
        guard let key, key.hasPrefix("~/") else {
            return key
        }
        return (environment["HOME"] ?? SSHEnvironment.home) + key.dropFirst()
    }
}
