// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import NIOCore
internal import NIOSSL
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// TLS settings made from ``TLSFiles``, made again for new connections when the files change.
///
/// Connections that are open keep what they were made with, so that a renewed certificate drops
/// none. While files are being replaced and do not fit together, the last good settings stay.
package final class TLSContexts: Sendable {
    /// How long a connection that is closed waits for the peer's `close_notify`.
    ///
    /// Nobody reads what it would say; and an engine whose client went away ends its side only when
    /// the connection does.
    private static let farewellTime = TimeAmount.milliseconds(100)

    package let files: TLSFiles
    private let state: Mutex<State>
    private let admitted = AdmittedPeers()
    /// Of the list of revoked certificates as open connections were last compared with it.
    private let lastList: Mutex<FileStamp?>

    private struct State {
        var stamps: [FileStamp?]
        var client: NIOSSLContext?
        /// For connections whose peer's name is verified by us.
        var nameless: NIOSSLContext?
        var server: NIOSSLContext?
        var revoked: RevokedSerials?
    }

    /// - Throws: ``DockerAPIError/unusableTLSFile(path:reason:)`` when the files cannot be used now.
    package init(files: TLSFiles) throws(DockerAPIError) {
        self.files = files
        state = Mutex(State(stamps: Self.stamps(files)))
        lastList = Mutex(files.revocations.flatMap { FileStamp(path: $0) })
        _ = try Self.configuration(files, isServer: false)
        _ = try Self.revoked(files)
    }

    /// Settings for a connection that we make.
    func client() throws -> NIOSSLContext {
        try context(\.client) { try Self.configuration($0, isServer: false) }
    }

    /// As ``client()``, but names and addresses in the server's certificate are not verified.
    func nameless() throws -> NIOSSLContext {
        try context(\.nameless) { files in
            var configuration = try Self.configuration(files, isServer: false)
            if files.verifiesPeer {
                configuration.certificateVerification = .noHostnameVerification
            }
            return configuration
        }
    }

    /// Settings for a connection that we accept; clients must show a certificate of the authority.
    func server() throws -> NIOSSLContext {
        try context(\.server) { try Self.configuration($0, isServer: true) }
    }

    /// Puts TLS in front of a connection that was accepted; called on its event loop.
    ///
    /// - Parameters:
    ///   - channel: the connection, before its first byte.
    ///   - onRefusal: gets the reason why a certificate was refused, for the log; also when it is revoked later, which
    ///     closes the connection.
    /// - Throws: ``DockerAPIError/unusableTLSFile(path:reason:)``.
    package func secureServer(
        _ channel: any Channel,
        onRefusal: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let context = try server()
        let admitted = admitted
        guard files.verifiesPeer else {
            return try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
        let verifier = PeerVerifier(
            revoked: state.withLock { $0.revoked } ?? RevokedSerials(),
            onTaking: { admitted.note($0, $1, on: channel, onRefusal: onRefusal) },
            onRefusal: onRefusal
        )
        if files.revocations != nil {
            admitted.watch { [weak self] in self?.closeRevoked() ?? false }
        }
        try channel.pipeline.syncOperations.addHandler(verifier.handler(context))
    }

    /// Closes connections whose certificates were revoked since they were made.
    ///
    /// - Returns: true, to be called again.
    private func closeRevoked() -> Bool {
        let stamp = files.revocations.flatMap { FileStamp(path: $0) }
        guard lastList.withLock({ $0 != stamp }) else {
            return true
        }
        // A list that cannot be read is looked at again.
        if let revoked = try? Self.revoked(files) {
            lastList.withLock { $0 = stamp }
            admitted.close(revoked)
        }
        return true
    }

    /// The organizations in the subject of our certificate: a cluster's nodes have the same; none without one.
    var organizations: [String] {
        guard let path = files.certificate, let first = try? NIOSSLCertificate.fromPEMFile(path).first else {
            return []
        }
        return PeerCertificate(first).organizations
    }

    /// That our own certificate has expired, in words; `nil` when it has not.
    var ownProblem: String? {
        guard let expiry = certificateExpiry, expiry <= time(nil) else {
            return nil
        }
        return "our own certificate has expired at \(PeerVerifier.utc(expiry)): renew it with `swarmctl rotate certs`"
    }

    /// When the certificate in the file of this moment expires, seconds since 1970, UTC; `nil` without one.
    package var certificateExpiry: Int? {
        guard let path = files.certificate, let first = try? NIOSSLCertificate.fromPEMFile(path).first else {
            return nil
        }
        return Int(first.notValidAfter)
    }

    /// When the authority's certificate in the file of this moment expires, the first to do so of several; as above.
    package var authorityExpiry: Int? {
        guard let path = files.authority else {
            return nil
        }
        return (try? NIOSSLCertificate.fromPEMFile(path))?.map { Int($0.notValidAfter) }.min()
    }

    private func context(
        _ slot: any WritableKeyPath<State, NIOSSLContext?> & Sendable,
        _ configuration: (TLSFiles) throws -> TLSConfiguration
    ) throws -> NIOSSLContext {
        let stamps = Self.stamps(files)
        let known = state.withLock { state in
            state.stamps == stamps ? state[keyPath: slot] : nil
        }
        if let known {
            return known
        }
        do {
            let made = try NIOSSLContext(configuration: configuration(files))
            let revoked = try Self.revoked(files)
            state.withLock { state in
                if state.stamps != stamps {
                    state = State(stamps: stamps)
                }
                state.revoked = revoked
                state[keyPath: slot] = made
            }
            return made
        } catch {
            guard let last = state.withLock({ $0[keyPath: slot] }) else {
                throw error
            }
            return last
        }
    }

    private static func configuration(_ files: TLSFiles, isServer: Bool) throws(DockerAPIError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let certificate = files.certificate, let key = files.key {
            let chain = try load(certificate) { try NIOSSLCertificate.fromPEMFile($0) }
            let key = try load(key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
            if isServer {
                configuration = .makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) },
                    privateKey: .privateKey(key)
                )
            }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(key)
        }
        if let authority = files.authority {
            configuration.trustRoots = .certificates(try load(authority) { try NIOSSLCertificate.fromPEMFile($0) })
        }
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = Self.farewellTime
        configuration.certificateVerification =
            !files.verifiesPeer ? .none : isServer ? .noHostnameVerification : .fullVerification
        return configuration
    }

    /// A list that is not there yet is empty; one that cannot be read is an error, and the last good one stays.
    private static func revoked(_ files: TLSFiles) throws(DockerAPIError) -> RevokedSerials {
        guard let path = files.revocations, access(path, F_OK) == 0 else {
            return RevokedSerials()
        }
        return try RevokedSerials(path: path)
    }

    private static func load<Value>(_ path: String, _ body: (String) throws -> Value) throws(DockerAPIError) -> Value {
        do {
            return try body(path)
        } catch {
            let reason = access(path, R_OK) == 0 ? "\(error)" : String(cString: strerror(errno))
            throw .unusableTLSFile(path: path, reason: reason)
        }
    }

    private static func stamps(_ files: TLSFiles) -> [FileStamp?] {
        [files.authority, files.certificate, files.key, files.revocations].map { $0.flatMap { FileStamp(path: $0) } }
    }
}

/// What tells whether a file was changed or replaced.
private struct FileStamp: Equatable {
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int

    init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else {
            return nil
        }
        inode = UInt64(information.st_ino)
        size = Int64(information.st_size)
        #if canImport(Darwin)
        seconds = information.st_mtimespec.tv_sec
        nanoseconds = information.st_mtimespec.tv_nsec
        #else
        seconds = information.st_mtim.tv_sec
        nanoseconds = information.st_mtim.tv_nsec
        #endif
    }
}
