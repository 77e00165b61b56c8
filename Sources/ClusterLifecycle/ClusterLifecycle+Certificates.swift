// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines
package import PKI
internal import Provisioning
internal import SecureShell
internal import SwarmCore

/// What somebody needs to use a cluster: the contents of a `DOCKER_CERT_PATH`.
package struct UserCredentials: Sendable {
    /// All in PEM; the key is new and kept nowhere else.
    package let authority: [UInt8]
    package let certificate: [UInt8]
    package let key: [UInt8]
    /// In seconds since 1970, UTC.
    package let notAfter: Int
}

extension ClusterLifecycle {
    /// Makes a key and a certificate for a person or a machine user.
    ///
    /// - Parameters:
    ///   - user: the common name.
    ///   - role: `admin`, `operator`, `viewer` or `ns:NAME`.
    ///   - life: how long it is good; `nil` for the cluster's own setting.
    ///   - cluster: whose authority signs.
    /// - Returns: the credentials.
    /// - Throws: `PKIError`, ``LifecycleError``, `FileError`.
    package func issue(
        to user: String,
        role: String,
        life: CertificateLife?,
        in cluster: ClusterRecord
    ) throws -> UserCredentials {
        guard NamespaceName.isRole(role) else {
            throw LifecycleError.badSpec(
                field: "--role",
                problem: "\"\(role)\" is none of admin, operator, viewer and ns:NAME"
            )
        }
        let authority = try identity(for: cluster)
        let key = try PrivateKey.generate(KeyType(rawValue: cluster.spec.keyType) ?? .p256)
        let profile = OperatorProfile(
            user: user,
            cluster: cluster.name,
            role: role,
            life: life ?? .days(cluster.spec.certificateDays)
        )
        let certificate = try context.authorities(of: cluster.name)
            .issue(profile, for: CertificateRequest(commonName: user, key: key), by: authority)
        return UserCredentials(
            authority: authority.trust,
            certificate: certificate.pem,
            key: key.pem,
            notAfter: certificate.notAfter
        )
    }

    /// Takes back all certificates of a user, and tells every host of the cluster.
    ///
    /// May be called again, as when a host was not reached: what was revoked is published once more.
    ///
    /// - Returns: the serial numbers that were revoked now.
    /// - Throws: ``LifecycleError/noCertificate(user:cluster:)``, ``PartialFailure`` when hosts were not reached.
    package func revoke(_ user: String, in cluster: ClusterRecord) async throws -> [String] {
        let pki = context.authorities(of: cluster.name)
        let authority = try identity(for: cluster)
        let theirs = try pki.index.entries().filter { $0.name == user && $0.role != nil }
        guard !theirs.isEmpty else {
            throw LifecycleError.noCertificate(user: user, cluster: cluster.name)
        }
        let good = theirs.filter { $0.revokedAt == nil && $0.notAfter >= context.now() }.map(\.serial)
        try pki.index.revoke(good)
        try pki.writeRevocationList(by: authority)
        let work = try await certificateWork(cluster, authority: authority)
        let hosts = try certifiedHosts(of: cluster)
        let results = await concurrently(hosts, limit: context.parallel) { try await work.publishTrust(to: $0) }
        try throwIfAny(results.compactMap(\.userFacingFailure), of: hosts.count)
        return good
    }

    /// Renews the certificates of a cluster: the operator's and every host's, and on demand the authority's.
    ///
    /// What was interrupted goes on where it was; the cluster answers throughout. An authority's replacement that is
    /// under way is finished first, also when only certificates were asked for.
    ///
    /// - Parameters:
    ///   - cluster: whose.
    ///   - replacingAuthority: whether there is to be a new authority.
    ///   - life: of the new certificates; `nil` for the cluster's own setting.
    /// - Throws: ``PartialFailure`` when hosts were not reached: run it again.
    package func rotateCertificates(
        of cluster: ClusterRecord,
        replacingAuthority: Bool,
        life: CertificateLife? = nil
    ) async throws {
        let use = try store.use(cluster: cluster.name)
        defer { withExtendedLifetime(use) {} }
        let folder = store.clusterFolder(cluster.name)
        guard !(replacingAuthority && cluster.spec.hasOwnStore) else {
            throw LifecycleError.badSpec(
                field: "--ca",
                problem: "the managers of \"\(cluster.name)\" run a store that reads its authority only when it starts"
            )
        }
        var rotation = try CertificateRotation.read(in: folder)
        if rotation == nil || (replacingAuthority && rotation?.replacesAuthority == false) {
            rotation = CertificateRotation(replacingAuthority: replacingAuthority, at: context.now())
        }
        // One that goes on takes what is asked for now.
        rotation?.life = life?.seconds
        while let current = rotation {
            try current.write(in: folder)
            rotation = try await run(current, on: cluster)
        }
        AtomicFile.remove(CertificateRotation.path(in: folder))
    }

    /// Does one phase; returns what follows, `nil` at the end.
    private func run(_ rotation: CertificateRotation, on cluster: ClusterRecord) async throws -> CertificateRotation? {
        let pki = context.authorities(of: cluster.name)
        let passphrase = try context.passphrase(of: cluster.spec)
        var next = rotation
        switch rotation.phase {
        case .trust:
            try pki.beginReplacement(
                cluster: cluster.name,
                keyType: KeyType(rawValue: cluster.spec.keyType) ?? .p256,
                passphrase: passphrase
            )
            let authority = try authority(of: cluster, passphrase: passphrase)
            // Engines are asked with it, and would refuse one that has ended.
            if (try? authority.checkInForce()) != nil {
                try renewOperator(of: cluster, by: authority, life: rotation.newLife)
            }
            // One that has ended is trusted by nobody: there is nothing to keep working meanwhile.
            if (try? authority.checkInForce()) != nil {
                try await renewHosts(of: cluster, by: authority, life: rotation.newLife) { _ in true }
            }
            next.phase = .change
            return next
        case .change:
            if rotation.replacesAuthority {
                try pki.useReplacement()
            }
            let authority = try authority(of: cluster, passphrase: passphrase)
            try renewOperator(of: cluster, by: authority, since: rotation.startedAt, life: rotation.newLife)
            if AtomicFile.exists(pki.revocationListPath) {
                try pki.writeRevocationList(by: authority)
            }
            try await renewHosts(of: cluster, by: authority, life: rotation.newLife) { facts in
                Self.isNew(facts, since: rotation.startedAt, of: authority)
            }
            next.phase = .drop
            return rotation.replacesAuthority ? next : nil
        case .drop:
            try pki.endReplacement(try authority(of: cluster, passphrase: passphrase))
            let authority = try authority(of: cluster, passphrase: passphrase)
            try await renewHosts(of: cluster, by: authority, life: rotation.newLife) { _ in true }
            return nil
        }
    }

    private func authority(of cluster: ClusterRecord, passphrase: [UInt8]?) throws -> CertificateAuthority {
        let pki = context.authorities(of: cluster.name)
        guard let authority = try pki.authority(passphrase: passphrase, mayHaveEnded: true) else {
            throw PKIError.authorityIncomplete(folder: pki.folder, missing: pki.authorityCertificatePath)
        }
        return authority
    }

    /// Renews the operator's certificate unless that was done since `time`; without a time, only one that ends soon.
    private func renewOperator(
        of cluster: ClusterRecord,
        by authority: CertificateAuthority,
        since time: Int? = nil,
        life: CertificateLife?
    ) throws {
        let pki = context.authorities(of: cluster.name)
        let kept = try? Certificate(pem: AtomicFile.read(pki.certificatePath))
        let isNew = kept.map { $0.notBefore + Self.backdating >= time ?? .min } ?? false
        let life = life ?? .days(cluster.spec.certificateDays)
        _ = try pki.ensureOperator(
            OperatorProfile(user: context.operatorName, cluster: cluster.name, role: "admin", life: life),
            authority: authority,
            forced: !isNew
        )
    }

    private func renewHosts(
        of cluster: ClusterRecord,
        by authority: CertificateAuthority,
        life: CertificateLife?,
        isDone: @escaping @Sendable (CertificateFacts) -> Bool
    ) async throws {
        let work = try await certificateWork(cluster, authority: authority, life: life)
        let hosts = try certifiedHosts(of: cluster)
        // An engine without a front is restarted: one after the other, so that the cluster answers throughout.
        let limit = work.front == nil ? 1 : context.parallel
        let results = await concurrently(hosts, limit: limit) { try await work.renew($0, isDone: isDone) }
        try Task.checkCancellation()
        try throwIfAny(results.compactMap(\.userFacingFailure), of: hosts.count)
    }

    /// Certificates begin so long before they are made, in seconds.
    private static let backdating = 300

    private static func isNew(_ facts: CertificateFacts, since time: Int, of authority: CertificateAuthority) -> Bool {
        guard facts.keyMatches, let pem = facts.certificate, let found = try? Certificate(pem: Array(pem.utf8)) else {
            return false
        }
        return found.notBefore + backdating >= time && (try? found.verify(against: authority.certificate)) != nil
    }

    private func certificateWork(
        _ cluster: ClusterRecord,
        authority: CertificateAuthority,
        life: CertificateLife? = nil
    ) async throws -> NodeProvisioning {
        NodeProvisioning(
            context: context,
            cluster: cluster,
            authority: authority,
            templates: try templates(),
            image: nil,
            members: try store.machines(of: cluster.name),
            front: try await front(cluster.spec),
            life: life
        )
    }

    /// The machines that have a certificate of the cluster's.
    private func certifiedHosts(of cluster: ClusterRecord) throws -> [MachineRecord] {
        try store.machines(of: cluster.name).filter { $0.ssh != nil && $0.phase >= .created }
    }
}

extension NodeProvisioning {
    /// Renews the certificates of one host, unless that is done.
    func renew(_ machine: MachineRecord, isDone: @Sendable (CertificateFacts) -> Bool) async throws {
        let deadline = Deadline.after(context.hostTimeout)
        let progress = StepProgress(board: context.progress, machine: machine.name)
        let host = try await reach(machine, deadline: deadline, progress: progress)
        defer { Task { await host.close() } }
        _ = try await Provisioner().renew(
            try request(for: machine, host: host),
            isDone: isDone,
            deadline: deadline
        ) { step, event in
            progress.report(step, event)
        }
    }

    /// Brings the authorities' certificates and the list of revoked ones to one host.
    func publishTrust(to machine: MachineRecord) async throws {
        let deadline = Deadline.after(.seconds(60)).capped(at: context.hostTimeout)
        let host = try await context.connect(to: machine, deadline: deadline)
        defer { Task { await host.close() } }
        try await Provisioner().publishTrust(try request(for: machine, host: host), deadline: deadline)
    }
}
