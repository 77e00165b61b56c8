// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What the certificate of a host says: server and client authentication, by names and addresses.
package struct NodeProfile: Sendable, Equatable {
    /// The common name, and a DNS name too.
    package var node: String
    /// The organization.
    package var cluster: String
    /// IPv4 and IPv6 addresses in text; 127.0.0.1 and ::1 are always added.
    package var addresses: [String]
    /// Further DNS names; `localhost` and the node's name are always added.
    package var dnsNames: [String]
    package var life: CertificateLife

    package init(
        node: String,
        cluster: String,
        addresses: [String],
        dnsNames: [String] = [],
        life: CertificateLife = .days(90)
    ) {
        self.node = node
        self.cluster = cluster
        self.addresses = addresses
        self.dnsNames = dnsNames
        self.life = life
    }
}

/// What the certificate of a person or a machine user says: client authentication with a role.
package struct OperatorProfile: Sendable, Equatable {
    /// The common name.
    package var user: String
    /// The organization.
    package var cluster: String
    /// The organizational unit: `admin`, `operator`, `viewer` or `ns:NAME`; not checked here.
    package var role: String
    package var life: CertificateLife

    package init(user: String, cluster: String, role: String, life: CertificateLife = .days(90)) {
        self.user = user
        self.cluster = cluster
        self.role = role
        self.life = life
    }
}
