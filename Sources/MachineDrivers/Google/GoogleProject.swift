// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import HTTPTransfer
internal import Machines
internal import SwarmCore

/// A project and a zone, and the way there.
struct GoogleProject: Sendable {
    let client: CloudClient
    let project: String
    let zone: String

    var globalPath: String { "/compute/v1/projects/\(CloudClient.escape(project))/global" }
    var zonePath: String { "/compute/v1/projects/\(CloudClient.escape(project))/zones/\(CloudClient.escape(zone))" }

    func instance(_ name: String) -> String { "\(zonePath)/instances/\(CloudClient.escape(name))" }

    /// All items that `filter` lets pass, page by page.
    func list(_ path: String, _ filter: String) async throws -> [JSON] {
        var items: [JSON] = []
        var page: String?
        repeat {
            let query = [("filter", filter)] + (page.map { [("pageToken", $0)] } ?? [])
            let answer = try await client.call("GET", path, query: query).body
            items += answer["items"].elements
            page = answer["nextPageToken"].text
        } while page != nil
        return items
    }

    /// Waits until an operation is done.
    ///
    /// - Throws: ``MachineError/provider(driver:machine:problem:kind:isTransient:)`` for one that failed.
    func finish(_ operation: JSON, at path: String, _ patience: Patience) async throws {
        guard let name = operation["name"].text else {
            throw client.missing("operation")
        }
        let end: JSON? = try await patience.wait {
            let now = try await client.call("GET", "\(path)/operations/\(CloudClient.escape(name))").body
            return now["status"].text == "DONE" ? now : nil
        }
        guard let end else {
            throw client.problem("an operation does not end", .unreachable, isTransient: true)
        }
        if let error = end["error"]["errors"].elements.first {
            let code = error["code"].text ?? ""
            let isFull = code.contains("QUOTA") || code.contains("RESOURCE_POOL_EXHAUSTED")
            throw client.problem("\(error["message"].text ?? "") (\(code))", isFull ? .noCapacity : .failed)
        }
    }
}

extension GoogleDriver {
    func google(_ options: [String: String], _ machine: String) async throws -> GoogleProject {
        let values = DriverValues(options, of: self)
        let credentials = try credentials(values)
        var client = CloudClient(
            http: http,
            driver: name,
            machine: machine,
            base: base,
            secrets: credentials.secrets,
            refusal: Self.refusal
        )
        guard let project = values["project"] ?? credentials.project else {
            throw values.bad("project", "it is required")
        }
        let scope = "https://www.googleapis.com/auth/compute"
        let key = credentials.document["client_email"].text ?? credentials.document["client_id"].text ?? ""
        let token = try await tokens.token(key, url: credentials.tokenURL, client) {
            try credentials.form(scope: scope, now: now())
        }
        client.secrets.append(token)
        client.authorize = { $0.headers.append(HTTPHeader("Authorization", "Bearer \(token)")) }
        return GoogleProject(client: client, project: project, zone: values["zone"] ?? "us-central1-a")
    }

    /// Those of the option, else of `GOOGLE_APPLICATION_CREDENTIALS`, else those that gcloud keeps.
    private func credentials(_ values: DriverValues) throws -> GoogleCredentials {
        let text: String
        if let given = values["auth-encoded-json"] {
            text = given
        } else {
            let path =
                environment["GOOGLE_APPLICATION_CREDENTIALS"]
                ?? "\(environment["HOME"] ?? "")/.config/gcloud/application_default_credentials.json"
            do {
                text = try AtomicFile.readText(path, limit: 64 << 10)
            } catch {
                throw values.bad(
                    "auth-encoded-json",
                    "there are no credentials; set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account"
                )
            }
        }
        guard let document = try? JSON(parsing: Array(text.utf8)), document["type"].text != nil else {
            throw values.bad("auth-encoded-json", "it is not the JSON of a service account")
        }
        return GoogleCredentials(document: document)
    }

    @Sendable private static func refusal(_ status: Int, _ body: JSON) -> CloudRefusal? {
        guard let message = body["error"]["message"].text else {
            return nil
        }
        let reason = body["error"]["errors"].elements.first?["reason"].text ?? ""
        let isLimit = ["rateLimitExceeded", "userRateLimitExceeded"].contains(reason)
        return CloudRefusal(
            code: reason,
            message: message,
            kind: reason == "quotaExceeded" ? .noCapacity : isLimit ? .unreachable : nil,
            isTransient: isLimit ? true : nil
        )
    }
}
