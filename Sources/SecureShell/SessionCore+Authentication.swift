// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibSSH2

/// The connection to the user's agent, while it is needed.
@safe struct AgentState {
    var handle: OpaquePointer?
    var identities: [UnsafeMutablePointer<libssh2_agent_publickey>]

    init() {
        unsafe handle = nil
        unsafe identities = []
    }
}

/// A key that the agent holds.
struct AgentKey: Sendable {
    /// Its place in the agent's list.
    let index: Int
    let blob: [UInt8]
}

extension SessionCore {
    /// Exchanges keys; done when the host's key is known.
    func handshake() throws(SSHError) -> Progress<Void> {
        let session = try unsafe requireSession()
        let code = unsafe libssh2_session_handshake(session, wire?.socket ?? -1)
        switch code {
        case LIBSSH2_ERROR_EAGAIN: return .blocked
        case 0: return .done(())
        default:
            let isClosed = wire?.endReason != nil
            throw .incompatible(
                endpoint,
                detail: isClosed ? "it closed the connection during the handshake" : lastErrorText()
            )
        }
    }

    /// Prefers the types of host key that are known already, as `ssh` does.
    func preferHostKeys(_ types: [String]) throws(SSHError) {
        let session = try unsafe requireSession()
        let others = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
        let all = types.filter(others.contains) + others.filter { !types.contains($0) }
        _ = unsafe libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, all.joined(separator: ","))
    }

    /// The host's public key, as it goes over the wire.
    func hostKey() throws(SSHError) -> [UInt8] {
        let session = try unsafe requireSession()
        var count = 0
        var type: Int32 = 0
        guard let bytes = unsafe libssh2_session_hostkey(session, &count, &type) else {
            throw .incompatible(endpoint, detail: "it sent no host key")
        }
        return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// The methods of authentication that the server takes; empty when it lets everybody in.
    func authenticationMethods(user: String) throws(SSHError) -> Progress<[String]> {
        let session = try unsafe requireSession()
        guard let list = unsafe libssh2_userauth_list(session, user, UInt32(user.utf8.count)) else {
            if unsafe libssh2_userauth_authenticated(session) != 0 {
                return .done([])
            }
            let code = unsafe libssh2_session_last_errno(session)
            guard code == LIBSSH2_ERROR_EAGAIN else {
                throw error(Int(code), "authenticate")
            }
            return .blocked
        }
        return .done(unsafe String(cString: list).split(separator: ",").map(String.init))
    }

    var isAuthenticated: Bool {
        guard let session = unsafe session else {
            return false
        }
        return unsafe libssh2_userauth_authenticated(session) != 0
    }

    /// Asks the agent for its keys; a local call, which answers at once.
    func connectAgent(socket: String) throws(SSHError) -> [AgentKey] {
        let session = try unsafe requireSession()
        guard let handle = unsafe libssh2_agent_init(session) else {
            return []
        }
        unsafe agent.handle = handle
        unsafe libssh2_agent_set_identity_path(handle, socket)
        guard unsafe libssh2_agent_connect(handle) == 0, unsafe libssh2_agent_list_identities(handle) == 0 else {
            throw .unreachable(endpoint, detail: lastErrorText())
        }
        var keys: [AgentKey] = []
        var previous: UnsafeMutablePointer<libssh2_agent_publickey>?
        var next: UnsafeMutablePointer<libssh2_agent_publickey>?
        while unsafe libssh2_agent_get_identity(handle, &next, previous) == 0, let found = unsafe next {
            unsafe agent.identities.append(found)
            let blob = unsafe Array(UnsafeBufferPointer(start: found.pointee.blob, count: found.pointee.blob_len))
            keys.append(AgentKey(index: keys.count, blob: blob))
            unsafe previous = found
        }
        return keys
    }

    /// Offers a key of the agent; done with whether the server took it.
    func authenticate(user: String, agentKey index: Int) throws(SSHError) -> Progress<Bool> {
        _ = try unsafe requireSession()
        guard let handle = unsafe agent.handle, unsafe agent.identities.indices.contains(index) else {
            return .done(false)
        }
        return try outcome(unsafe libssh2_agent_userauth(handle, user, agent.identities[index]))
    }

    /// Offers a private key; done with whether the server took it.
    func authenticate(user: String, privateKey: [UInt8]) throws(SSHError) -> Progress<Bool> {
        let session = try unsafe requireSession()
        // libssh2 looks for a zero behind keys in OpenSSH's format, whatever length it is told.
        let code = unsafe (privateKey + [0]).withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                unsafe libssh2_userauth_publickey_frommemory(
                    session,
                    user,
                    user.utf8.count,
                    nil,
                    0,
                    bytes.baseAddress,
                    privateKey.count,
                    nil
                )
            }
        }
        return try outcome(code)
    }

    /// Lets go of the agent.
    func releaseAgent() {
        guard let handle = unsafe agent.handle else {
            return
        }
        _ = unsafe libssh2_agent_disconnect(handle)
        unsafe libssh2_agent_free(handle)
        agent = AgentState()
    }

    private func outcome(_ code: Int32) throws(SSHError) -> Progress<Bool> {
        switch code {
        case LIBSSH2_ERROR_EAGAIN: return .blocked
        case 0: return .done(true)
        case LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND, LIBSSH2_ERROR_SOCKET_DISCONNECT:
            throw error(Int(code), "authenticate")
        default: return .done(false)
        }
    }
}
