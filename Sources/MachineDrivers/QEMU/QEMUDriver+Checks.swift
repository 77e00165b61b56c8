// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

extension QEMUDriver {
    static let imageTool = "qemu-img"

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        let place = place(request.name)
        _ = try QEMUSize(values)
        _ = try wantedAccelerator(values)
        try checkModes(values)
        try checkNetwork(request, values)
        try await checkVersion(request, try program(values))
        _ = try await image(values, request.name)
        guard place.tags == nil else {
            throw taken(request)
        }
        guard place.monitor.utf8.count <= QEMUPlace.longestSocketPath else {
            throw no(
                request,
                "the path \"\(place.monitor)\" is longer than that of a socket may be",
                "use a store with a shorter path, with `--store`"
            )
        }
        try checkSpace(request)
    }

    private func checkVersion(_ request: MachineRequest, _ program: String) async throws {
        let text = try await run(program, ["--version"], request.name)
        let number = text.split(whereSeparator: \.isWhitespace).drop { $0 != "version" }.dropFirst().first
        guard let major = number?.split(separator: ".").first.flatMap({ Int($0) }), major >= 5 else {
            throw no(request, "qemu 5 or later is needed, and this is \(number ?? "something else")", "")
        }
    }

    private func checkModes(_ values: DriverValues) throws {
        for (name, known) in [
            ("cache-mode", ["default", "none", "writethrough", "writeback", "directsync", "unsafe"]),
            ("io-mode", ["threads", "native", "io_uring"]),
        ] {
            if let mode = values[name], !known.contains(mode) {
                throw values.bad(name, "\"\(mode)\" is none of \(known.joined(separator: ", "))")
            }
        }
    }

    private func checkNetwork(_ request: MachineRequest, _ values: DriverValues) throws {
        guard try QEMUNetwork(values) == .user else {
            let address = try values.required("network-address")
            guard HostNetwork.number(of: address) != nil else {
                throw values.bad("network-address", "\"\(address)\" is not an IPv4 address")
            }
            return
        }
        let forwards = try GuestForwards(request, address: values["address"], state: [:])
        for port in try QEMUNetwork.published(values) where HostPorts.free(port, on: forwards.address) == nil {
            throw no(
                request,
                "port \(port) of \(forwards.address) is taken, and --qemu-publish names it",
                "stop what listens there, or leave it out"
            )
        }
    }

    /// A disk begins empty; what the guest writes comes later, so half a gigabyte must be there.
    private func checkSpace(_ request: MachineRequest) throws {
        let needed: Int64 = 512 << 20
        guard let free = FreeSpace.bytes(at: folder), free < needed else {
            return
        }
        throw MachineError.provider(
            driver: name,
            machine: request.name,
            problem: "\(ByteCount(free).iec) are free in \"\(folder)\", and \(ByteCount(needed).iec) are needed",
            kind: .noCapacity,
            isTransient: false
        )
    }

    /// - Returns: where the cloud image is, its format in qemu's words, and its disk's size in bytes.
    func image(_ values: DriverValues, _ machine: String) async throws -> (path: String, format: String, size: Int64) {
        let path = URL(fileURLWithPath: try values.required("image")).path
        guard AtomicFile.exists(path) else {
            throw values.bad("image", "\"\(path)\" cannot be read")
        }
        // Shared, because the machines made from it have it open.
        let text = try await run(Self.imageTool, ["info", "-U", "--output=json", path], machine)
        guard let info = try? JSON(parsing: Array(text.utf8)), let format = info["format"].text,
            let size = info["virtual-size"].integer, size > 0
        else {
            throw values.bad("image", "\"\(path)\" is not an image that qemu knows")
        }
        return (path, format, Int64(size))
    }

    func wantedAccelerator(_ values: DriverValues) throws -> String {
        let wanted = values["accelerator"] ?? "auto"
        guard ["auto", "kvm", "hvf", "tcg"].contains(wanted) else {
            throw values.bad("accelerator", "\"\(wanted)\" is not auto, kvm, hvf or tcg")
        }
        return wanted
    }

    /// - Throws: ``MachineError/badOption(option:driver:problem:)`` for one that runs other machines than ours.
    func program(_ values: DriverValues) throws -> String {
        let program = values["program"] ?? "qemu-system-x86_64"
        guard program.hasSuffix("x86_64") else {
            throw values.bad("program", "\"\(program)\" is not a qemu-system-x86_64")
        }
        return program
    }

    func taken(_ request: MachineRequest) -> MachineError {
        no(
            request,
            "there is a virtual machine of that name which no record knows",
            "remove it with `swarmctl gc --driver qemu`"
        )
    }

    private func no(_ request: MachineRequest, _ problem: String, _ advice: String) -> MachineError {
        .preCreate(machine: request.name, problem: problem, advice: advice)
    }
}
