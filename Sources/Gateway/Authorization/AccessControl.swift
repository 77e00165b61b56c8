// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import Logging
internal import NIOHTTP1
internal import SwarmCore

/// Decides about each request, by ``RoleTable`` and by what is in the request.
struct AccessControl: Sendable {
    let cluster: Cluster
    let privilegedRoles: Set<Role>
    let logger: Logger

    /// Looks the request up in the table; takes the same time for every caller and route.
    ///
    /// - Parameters:
    ///   - request: whose caller it is about.
    ///   - route: that answers it; `nil` for one that is passed on as it is.
    /// - Returns: never ``Grant/refused``.
    /// - Throws: ``GatewayError/notAllowed(_:)``.
    @discardableResult
    func check(_ request: GatewayRequest, route: Route?) throws(GatewayError) -> Grant {
        let standing = request.caller.standing
        let grant =
            route.map { RoleTable.grant($0.method, $0.pattern, standing) }
            ?? RoleTable.grant(.GET, RoleTable.unknownRoute, standing)
        guard grant != .refused else {
            let path = route.map { "/\($0.pattern)" } ?? request.writtenPath
            throw refusal("\(request.caller.description) may not \(request.method) \(path)", request)
        }
        return grant
    }

    /// Looks into the request, as far as the grant asks for it.
    ///
    /// - Returns: the request to answer, narrowed down to what the caller may reach.
    /// - Throws: ``GatewayError/notAllowed(_:)``, and what is answered when something cannot be found.
    func admit(_ request: GatewayRequest, to route: Route, _ grant: Grant) async throws -> GatewayRequest {
        guard grant == .unprivileged || grant == .own else {
            return request
        }
        var request = request
        if let namespace = request.caller.namespace {
            // First, so that nothing is said about what belongs to others.
            request = try await NamespaceGuard(namespace, cluster: cluster).narrow(request, route.pattern)
        }
        let isTrusted = request.caller.role.map { privilegedRoles.contains($0) } ?? false
        if !isTrusted, let power = try await PrivilegeGuard(cluster: cluster).power(in: &request, route.pattern) {
            throw refusal("\(request.caller.description) may not use \(power)", request)
        }
        return request
    }

    private func refusal(_ text: String, _ request: GatewayRequest) -> GatewayError {
        let error = GatewayError.notAllowed(text)
        let call = "\(request.method) \(request.writtenPath)"
        log(refusal: error, of: request.caller, call, id: request.id)
        return error
    }

    /// One line for each refusal.
    func log(refusal error: any Error, of caller: Caller, _ call: String, id: String) {
        logger.warning(
            "request refused",
            metadata: [
                "caller": "\(caller.name)", "client": "\(caller.address)", "call": "\(call)", "request": "\(id)",
                "reason": "\(ErrorReport(error).message)",
            ]
        )
    }
}

extension GatewayRequest {
    /// The path as the client wrote it, encoded: decoded it could have line breaks, which forge lines of a log.
    var writtenPath: String { String(target.prefix { $0 != "?" }) }
}
