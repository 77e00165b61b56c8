// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import HTTPTransfer
internal import Machines

extension LocalEngine {
    /// Containers that carry `label`, running or not.
    func containers(label: String) async throws -> [ContainerRow] {
        try await get("/containers/json", ["all": "1", "filters": try filter("label", label)])
    }

    func containers(ofMachine id: String) async throws -> [ContainerRow] {
        try await containers(label: "\(Tag.id)=\(id)")
    }

    /// Containers on a network, running or not.
    func containers(onNetwork network: String) async throws -> [ContainerRow] {
        try await get("/containers/json", ["all": "1", "filters": try filter("network", network)])
    }

    /// Networks of exactly that name.
    func networks(named name: String) async throws -> [NetworkInfo] {
        // The engine's filter also finds names that contain this one.
        let all: [NetworkInfo] = try await get("/networks", ["filters": try filter("name", name)])
        return all.filter { $0.name == name }
    }

    func volumes(label: String) async throws -> [VolumeList.Volume] {
        let list: VolumeList = try await get("/volumes", ["filters": try filter("label", label)])
        return list.volumes ?? []
    }

    func volumes(ofMachine id: String) async throws -> [VolumeList.Volume] {
        try await volumes(label: "\(Tag.id)=\(id)")
    }

    /// The machine's container: by the id that was saved, else by its labels.
    func container(of machine: DriverMachine) async throws -> ContainerInfo? {
        if let id = machine.state["container"], let found: ContainerInfo = try await find("/containers/\(id)/json") {
            return found
        }
        guard let row = try await containers(ofMachine: machine.id).first else {
            return nil
        }
        return try await find("/containers/\(row.id)/json")
    }

    /// Removes a container and waits until it is gone; one that is not there counts as removed.
    func removeContainer(_ id: String) async throws {
        let response = try await change(
            "DELETE",
            "/containers/\(id)",
            ["force": "1", "v": "1"],
            accepting: [404, 409]
        )
        if response.status == 409 {
            // Somebody else is removing it.
            try await change("POST", "/containers/\(id)/wait", ["condition": "removed"], accepting: [404])
        }
    }

    private func filter(_ name: String, _ value: String) throws -> String {
        String(decoding: try JSONEncoder().encode([name: [value]]), as: UTF8.self)
    }
}
