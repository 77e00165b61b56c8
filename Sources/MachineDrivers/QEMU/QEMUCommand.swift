// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
internal import Machines

/// The words with which a machine is started; no secret is among them.
struct QEMUCommand {
    let machine: DriverMachine
    let values: DriverValues
    let place: QEMUPlace
    let accelerator: String

    /// - Throws: ``MachineError/badOption(option:driver:problem:)``.
    func words() throws -> [String] {
        let size = try QEMUSize(values)
        return [
            "-name", Self.escaped(machine.name), "-machine", "q35", "-accel", accelerator, "-cpu",
            accelerator == AccelerationProbe.emulation ? "max" : "host", "-smp", "\(size.processors)", "-m",
            "\(size.memory)", "-nodefaults", "-no-user-config",
        ]
            + display + disks + (try network())
            + [
                "-device", "virtio-rng-pci", "-serial", "file:" + place.console, "-pidfile", place.pidFile, "-qmp",
                "unix:\(Self.escaped(place.monitor)),server=on,wait=off", "-daemonize",
            ]
    }

    private var display: [String] {
        values.isOn("display") ? ["-vga", "std", "-display", values["display-type"] ?? "gtk"] : ["-display", "none"]
    }

    private var disks: [String] {
        let disk = Self.escaped(place.disk)
        let cache = values["cache-mode"].flatMap { $0 == "default" ? nil : ",cache=\($0)" } ?? ""
        let mode = values["io-mode"].map { ",aio=\($0)" } ?? ""
        return [
            "-drive", "if=virtio,format=qcow2,file=\(disk),discard=unmap\(cache)\(mode)", "-drive",
            "if=virtio,format=raw,file=\(Self.escaped(place.seed)),readonly=on",
        ]
    }

    private func network() throws -> [String] {
        let backend =
            switch try QEMUNetwork(values) {
            case .user:
                "user,id=net" + (try forwards().map { ",hostfwd=\($0)" }.joined())
            case .tap(let interface):
                "tap,id=net,script=no,downscript=no,ifname=" + Self.escaped(interface)
            case .bridge(let bridge):
                "bridge,id=net,br=" + Self.escaped(bridge)
            }
        // Without its firmware, which would look for a network to boot from.
        let card = "virtio-net-pci,netdev=net,romfile=,mac=" + Self.hardwareAddress(machine.id)
        return ["-netdev", backend, "-device", card]
    }

    private func forwards() throws -> [String] {
        guard let forwards = GuestForwards(state: machine.state) else {
            throw values.bad("image", "the machine's record has no ports")
        }
        let more = try QEMUNetwork.published(values).map { (outside: $0, inside: $0) }
        return (forwards.pairs.map { (outside: $0.outside, inside: $0.inside) } + more)
            .map { "tcp:\(forwards.address):\($0.outside)-:\($0.inside)" }
    }

    /// A comma ends a value, unless it is doubled.
    static func escaped(_ value: String) -> String { value.replacing(",", with: ",,") }

    /// An address of qemu's own range, the same for a machine each time.
    static func hardwareAddress(_ id: String) -> String {
        // FNV-1a, folded to 24 bits.
        let hash = id.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let bytes = [16, 8, 0].map { UInt8(truncatingIfNeeded: (hash ^ (hash >> 24)) >> UInt32($0)) }
        return "52:54:00" + bytes.map { String(format: ":%02x", $0) }.joined()
    }
}

/// What a machine has.
struct QEMUSize: Equatable {
    var processors: Int
    /// In MiB.
    var memory: Int
    /// In MiB.
    var disk: Int

    /// - Throws: ``MachineError/badOption(option:driver:problem:)``.
    init(_ values: DriverValues) throws {
        let count = try values.integer("cpu-count", in: -1...256) ?? 2
        guard count != 0 else {
            throw values.bad("cpu-count", "it is 0")
        }
        processors = count < 0 ? ProcessInfo.processInfo.activeProcessorCount : count
        memory = try values.integer("memory", in: 64...1_048_576) ?? 2048
        disk = try values.integer("disk-size", in: 1...2_000_000) ?? 20000
    }
}

/// How a machine is connected.
enum QEMUNetwork: Equatable {
    /// Behind qemu itself, with ports of this host that lead into it.
    case user
    /// An interface of this host that somebody has made.
    case tap(String)
    /// A bridge of this host, by qemu's helper.
    case bridge(String)

    /// - Throws: ``MachineError/badOption(option:driver:problem:)``.
    init(_ values: DriverValues) throws {
        switch values["network"] ?? "user" {
        case "user": self = .user
        case "tap": self = .tap(values["network-interface"] ?? "tap0")
        case "bridge": self = .bridge(values["network-bridge"] ?? "br0")
        case let other: throw values.bad("network", "\"\(other)\" is not user, tap or bridge")
        }
    }

    /// The ports that are published besides those that we need.
    static func published(_ values: DriverValues) throws -> [UInt16] {
        try values.list("publish").map { text in
            guard let port = UInt16(text), port > 0 else {
                throw values.bad("publish", "\"\(text)\" is not a port")
            }
            return port
        }
    }
}
