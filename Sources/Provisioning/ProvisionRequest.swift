// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SecureShell

/// Everything that makes one host a node of a cluster.
package struct ProvisionRequest: Sendable {
    /// The host, reached already; see ``HostReach`` for waiting until it can be.
    package var host: any RemoteHost
    /// Valid for ``ObjectName``: the CN of the node's certificate and its name in discovery.
    package var nodeName: String
    /// The cluster's name: the certificates' O.
    package var clusterName: String
    /// The address under which the node is registered and the manager reaches it: an IP address, or a name.
    package var address: String
    /// Where the engine listens; 2376 unless told.
    package var enginePort: UInt16 = 2376
    /// Where the manager listens on hosts that have ``manager``; 3376 unless told.
    package var managerPort: UInt16 = 3376
    /// Names and addresses for the certificate beside the address, the node's name and the loopback ones.
    package var extraNames: [String] = []
    /// The CA's certificate in PEM; several while the CA is being replaced.
    package var authority: String
    /// The list of revoked certificates in PEM, without white space at its end; `nil` leaves the host's alone.
    package var revocations: String?
    /// What takes TLS off the engine's connections; `nil` for an engine that does so itself.
    package var front: FrontSpec?
    /// Signs the node's request: gets the CSR in PEM and the names to certify, returns the certificate in PEM.
    package var sign: @Sendable (_ request: String, _ names: [String]) async throws -> String
    /// The operator's identity, with which the engine and the manager are called.
    package var client: ClientIdentity
    /// Makes a new key and certificate even when those on the host are right.
    package var renewsCertificate = false
    package var engine = EngineOptions()
    /// CIDR blocks and addresses that may reach the ports; the one we come from is always among them.
    package var allowFrom: [String] = []
    /// The image to load for ``agent`` and ``manager``; without one neither is run.
    package var image: SwarmdImage?
    package var agent: AgentSpec?
    /// What the manager's container runs; `nil` on hosts that are no managers.
    package var manager: ManagerSpec?
    /// The host's member of the managers' store; `nil` on hosts that have none.
    package var store: StoreSpec?
    /// The manager in whose `info` the node must become Healthy; `nil` leaves that step out.
    package var registration: RegistrationCheck?
    /// The name to give to the host; `nil` leaves it alone, as is right for an adopted host.
    package var hostName: String?
    /// Where the host is reached from here, when that is not ``address`` and ``enginePort``: behind a forwarded port.
    package var endpoint: EngineEndpoint?
    package var templates: TemplateSource
    /// Whether the engine may be restarted when that stops containers: only with an engine that cannot keep them
    /// running (Swarm mode).
    package var mayStopContainers = false

    package init(
        host: any RemoteHost,
        nodeName: String,
        clusterName: String,
        address: String,
        authority: String,
        client: ClientIdentity,
        templates: TemplateSource,
        sign: @escaping @Sendable (_ request: String, _ names: [String]) async throws -> String
    ) {
        self.host = host
        self.nodeName = nodeName
        self.clusterName = clusterName
        self.address = address
        self.authority = authority
        self.client = client
        self.templates = templates
        self.sign = sign
    }

    /// What the certificate is for, without doubles, in a stable order: address, node name, loopback, extra names.
    package var certifiedNames: [String] {
        var seen: Set<String> = []
        return ([address, nodeName, hostName ?? nodeName, "localhost", "127.0.0.1", "::1"] + extraNames)
            .filter { seen.insert($0).inserted }
    }

    /// The same request for a host with these facts.
    ///
    /// Where the address is the host's own, and not one that is translated on the way, its agent may follow it when it
    /// changes.
    func adapted(to facts: HostFacts) -> ProvisionRequest {
        guard facts.network.reachedAddress == address else {
            return self
        }
        var request = self
        request.agent?.arguments.insert("--follow-address", at: 0)
        return request
    }

    /// Where the engine is called from here.
    package var engineEndpoint: EngineEndpoint {
        endpoint ?? EngineEndpoint(host: address, port: enginePort)
    }
}

/// Files of the operator's identity: what ``DOCKER_CERT_PATH`` holds.
package struct ClientIdentity: Sendable, Equatable {
    package var authorityPath: String
    package var certificatePath: String
    package var keyPath: String

    package init(authorityPath: String, certificatePath: String, keyPath: String) {
        self.authorityPath = authorityPath
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}

/// A host and a port that speak Docker's API over TLS.
package struct EngineEndpoint: Sendable, Equatable {
    /// An IPv4 or IPv6 address without brackets, or a name.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `https://HOST:PORT`, with brackets around an IPv6 address.
    package var url: String {
        host.contains(":") ? "https://[\(host)]:\(port)" : "https://\(host):\(port)"
    }
}
