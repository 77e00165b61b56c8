// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import Foundation
import Testing

/// The cluster's answers beside Docker's own description of them.
@Suite("Shapes of answers", .serialized)
struct AnswerShapeIntegrationTests {
    /// Answers that are no JSON, never end, or need what this machine has not: a registry, a plugin.
    private static let others: Set<String> = [
        "/containers/{id}/logs", "/containers/{id}/export", "/containers/{id}/attach/ws", "/containers/{id}/archive",
        "/images/{name}/get", "/images/get", "/_ping", "/images/search", "/plugins/privileges",
        "/plugins/{name}/json", "/distribution/{name}/json",
    ]

    @Test("every path that can be read answers in the described shape, or departs from it as an engine does")
    func shapes() async throws {
        let shapes = try ShapeChecker()
        try await ManagedEngines.with { managed in
            let fixtures = "--label a=b -v shapes:/v -p 18323:80 busybox sleep 600"
            for host in [managed.manager] {
                let script = """
                    set -e; export DOCKER_HOST=\(host); docker run -d --name shapes \(fixtures) >/dev/null
                    docker network create shapes >/dev/null
                    curl -fsS -H 'Content-Type: application/json' -d '{"Cmd":["true"]}' \
                        \(host.replacing("tcp:", with: "http:"))/v1.41/containers/shapes/exec
                    """
                let made = try await run("bash", ["-c", script])
                try #require(made.status == 0, "\(made)")
                let exec = try #require(try JSON(parsing: made.line)["Id"]?.string)
                let home = try await managed.docker("inspect", "shapes", "--format", "{{.Node.Addr}}").line
                for path in shapes.readablePaths where !Self.others.contains(path) {
                    try await compare(path, exec: exec, one: "tcp://" + home, all: managed.manager, shapes)
                }
            }
        }
    }

    @Test("an imported image has one id on all nodes, and a plugin that is made is on all")
    func importsAndPlugins() async throws {
        try await ManagedEngines.with { managed in
            let script = """
                set -e; export DOCKER_HOST=\(managed.manager); work=$(mktemp -d); trap 'rm -rf $work' EXIT
                mkdir -p $work/rootfs; cd $work; echo text >rootfs/file
                echo '{"Description":"x","Interface":{"Types":["docker.volumedriver/1.0"],"Socket":"x.sock"}}' >config.json
                tar -C rootfs -c . | docker import - imported:1
                docker plugin create made . >/dev/null
                for host in \(managed.engines.joined(separator: " ")); do
                    docker -H $host image inspect imported:1 --format '{{.Id}}'
                    docker -H $host plugin inspect made --format '{{.Name}}'
                done
                docker plugin rm made >/dev/null; docker rmi imported:1 >/dev/null
                docker plugin ls -q; docker images -q imported
                """

            let result = try await run("bash", ["-c", script], timeout: .seconds(120))

            let lines = result.output.split(separator: "\n")
            #expect(result.status == 0 && lines.count == 7, "\(result)")
            #expect(Set(lines).count == 2, "\(result)")
        }
    }

    private func compare(_ path: String, exec: String, one: String, all: String, _ shapes: ShapeChecker) async throws {
        let target = Self.target(path, exec: exec)
        let (engineStatus, engine) = try await get(one, target)
        let (status, cluster) = try await get(all, target)
        #expect(status == engineStatus, "\(path)")
        guard status == 200, engineStatus == 200 else {
            #expect(cluster["message"] == engine["message"], "\(path)")
            return
        }
        let worse = shapes.violations(of: cluster, path: path).subtracting(shapes.violations(of: engine, path: path))
        #expect(worse == [], "\(path)")
        let lacking = shapes.absent(from: cluster, path: path).subtracting(shapes.absent(from: engine, path: path))
        #expect(lacking.subtracting(path == "/info" ? Self.ofOneHost : []) == [], "\(path)")
    }

    /// What `info` says of one host's daemon, and has no meaning for several.
    private static let ofOneHost: Set<String> = [
        "DriverStatus", "ContainerdCommit", "RuncCommit", "InitCommit", "InitBinary", "Runtimes", "GenericResources",
        "DefaultAddressPools", "OSVersion", "Isolation", "ClusterStore", "ClusterAdvertise",
        "ProductLicense", "KernelMemoryTCP",
    ]

    private static func target(_ path: String, exec: String) -> String {
        let id =
            path.hasPrefix("/exec")
            ? exec : path.hasPrefix("/volumes") || path.hasPrefix("/networks") ? "bridge" : "shapes"
        let name = path.hasPrefix("/volumes") ? "shapes" : "busybox"
        let queries = [
            "/events": "?since=0&until=1", "/containers/json": "?all=1&size=1",
            "/services/{id}/logs": "?stdout=1", "/tasks/{id}/logs": "?stdout=1",
            "/containers/{id}/stats": "?stream=false&one-shot=1", "/images/json": "?all=1",
        ]
        return "/v1.41" + path.replacing("{id}", with: id).replacing("{name}", with: name) + (queries[path] ?? "")
    }

    private func get(_ host: String, _ target: String) async throws -> (Int, JSON) {
        let url = host.replacing("tcp:", with: "http:") + target
        let result = try await run("curl", ["-sS", "-m", "60", "-w", "\n%{http_code}", url])
        let lines = result.output.split(separator: "\n")
        let body = lines.dropLast().joined(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, try body.isEmpty ? .emptyObject : JSON(parsing: body))
    }
}
