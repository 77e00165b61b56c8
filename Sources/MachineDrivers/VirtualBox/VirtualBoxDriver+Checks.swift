// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation
package import Machines
internal import SwarmCore

extension VirtualBoxDriver {
    /// The flags, as docker-machine names them where it has them.
    static let allOptions: [DriverOption] = [
        DriverOption(
            "virtualbox-image",
            environment: "VIRTUALBOX_IMAGE",
            help: "A cloud image with cloud-init on this host: VMDK, VDI, VHD or raw. Required."
        ),
        DriverOption(
            "virtualbox-memory",
            kind: .integer,
            environment: "VIRTUALBOX_MEMORY_SIZE",
            defaultValue: "2048",
            help: "Memory in MiB."
        ),
        DriverOption(
            "virtualbox-cpu-count",
            kind: .integer,
            environment: "VIRTUALBOX_CPU_COUNT",
            defaultValue: "2",
            help: "Number of processors; -1 for as many as this host has."
        ),
        DriverOption(
            "virtualbox-disk-size",
            kind: .integer,
            environment: "VIRTUALBOX_DISK_SIZE",
            defaultValue: "20000",
            help: "Size of the disk in MiB; an image that is larger stays as it is."
        ),
        DriverOption(
            "virtualbox-ssh-user",
            environment: "VIRTUALBOX_SSH_USER",
            defaultValue: "root",
            help: "The user that we log in as; made with the right to use sudo."
        ),
        DriverOption(
            "virtualbox-address",
            environment: "VIRTUALBOX_ADDRESS",
            help: "This host's address for the machine's ports; 127.0.0.1, for clusters the host's own, unless given."
        ),
        DriverOption(
            "virtualbox-nat-nictype",
            environment: "VIRTUALBOX_NAT_NICTYPE",
            defaultValue: "virtio",
            help: "Network card behind NAT."
        ),
        DriverOption(
            "virtualbox-hostonly-cidr",
            environment: "VIRTUALBOX_HOSTONLY_CIDR",
            help: "This host's address in a host-only network, as 192.168.56.1/24; none unless given."
        ),
        DriverOption(
            "virtualbox-hostonly-nictype",
            environment: "VIRTUALBOX_HOSTONLY_NIC_TYPE",
            defaultValue: "virtio",
            help: "Network card in the host-only network."
        ),
        DriverOption(
            "virtualbox-hostonly-nicpromisc",
            environment: "VIRTUALBOX_HOSTONLY_NIC_PROMISC",
            defaultValue: "deny",
            help: "Whether that card sees the traffic of others."
        ),
        DriverOption(
            "virtualbox-host-dns-resolver",
            kind: .flag,
            environment: "VIRTUALBOX_HOST_DNS_RESOLVER",
            help: "Resolve names as this host does."
        ),
        DriverOption(
            "virtualbox-no-dns-proxy",
            kind: .flag,
            environment: "VIRTUALBOX_NO_DNS_PROXY",
            help: "Do not pass the machine's questions for names on."
        ),
        DriverOption(
            "virtualbox-ui-type",
            environment: "VIRTUALBOX_UI_TYPE",
            defaultValue: "headless",
            help: "headless, gui or sdl."
        ),
        DriverOption(
            "virtualbox-userdata",
            environment: "VIRTUALBOX_USERDATA",
            help: "A file with more user data for cloud-init."
        ),
    ]

    // MARK: Checks

    package func preCreate(_ request: MachineRequest) async throws {
        let values = DriverValues(request.options, of: self)
        let version = try await vbox(["--version"], machine: request.name)
        let number = version.split(whereSeparator: \.isNewline).last.flatMap { $0.split(separator: ".").first }
        guard let major = number.flatMap({ Int($0) }), major >= 7 else {
            throw no(request, "VirtualBox 7 or later is needed, and this is \(version.prefix { !$0.isNewline })", "")
        }
        _ = try limits(values)
        let image = try values.required("image")
        guard let size = Self.size(of: image) else {
            throw values.bad("image", "\"\(image)\" cannot be read")
        }
        let vms = try await vbox(["list", "vms"], machine: request.name)
        if vms.split(whereSeparator: \.isNewline).contains(where: { $0.hasPrefix("\"\(request.name)\" {") }) {
            throw no(
                request,
                "VirtualBox has a machine of that name",
                "choose another name, or remove it with `VBoxManage unregistervm \(request.name) --delete`"
            )
        }
        try checkSpace(request, image: size)
        _ = try GuestForwards(request, address: values["address"], state: [:])
        try checkHostOnly(request, values)
    }

    /// The image is copied; what the guest writes comes later, so half a gigabyte more must be there.
    private func checkSpace(_ request: MachineRequest, image: Int64) throws {
        var place = place(request.name)
        while !place.isEmpty, !FileManager.default.fileExists(atPath: place) {
            place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.isEmpty ? "/" : place)
        guard let free = attributes?[.systemFreeSize] as? NSNumber, free.int64Value < image + 512 << 20 else {
            return
        }
        throw MachineError.provider(
            driver: name,
            machine: request.name,
            problem: "\(ByteCount(free.int64Value).iec) are free in \"\(place)\", and "
                + "\(ByteCount(image + 512 << 20).iec) are needed",
            kind: .noCapacity,
            isTransient: false,
            advice: VBoxRefusal.diskFull.advice
        )
    }

    /// The network of hosts alone, refused where VirtualBox or this host's routes do not allow it.
    private func checkHostOnly(_ request: MachineRequest, _ values: DriverValues) throws {
        guard let wanted = values["hostonly-cidr"] else {
            return
        }
        guard let network = HostNetwork(parsing: wanted), (16...29).contains(network.bits),
            let host = HostNetwork.number(of: String(wanted.prefix { $0 != "/" })), host != network.address
        else {
            throw values.bad("hostonly-cidr", "\"\(wanted)\" is not a host's address in a network, as 192.168.56.1/24")
        }
        let allowed = HostNetwork(parsing: "192.168.56.0/21")
        let exceptions = (try? String(contentsOfFile: "/etc/vbox/networks.conf", encoding: .utf8)) ?? ""
        let all = exceptions.split { $0.isWhitespace }.compactMap { HostNetwork(parsing: String($0)) }
        guard ([allowed].compactMap(\.self) + all).contains(where: { $0.contains(network) }) else {
            throw no(
                request,
                "VirtualBox allows host-only networks in 192.168.56.0/21 only, and not \(network)",
                "choose one of those, or allow it in /etc/vbox/networks.conf"
            )
        }
        let taken = HostNetwork.routes(in: routes())
            .first { $0.network.bits > 0 && !$0.interface.hasPrefix("vboxnet") && $0.network.overlaps(network) }
        if let taken {
            throw no(
                request,
                "\(network) overlaps \(taken.network), to which this host has a route by \(taken.interface)",
                "choose another network with --virtualbox-hostonly-cidr"
            )
        }
    }

    func limits(_ values: DriverValues) throws -> (cpus: Int, memory: Int, disk: Int) {
        let cpus = try values.integer("cpu-count", in: -1...64) ?? 2
        guard cpus != 0 else {
            throw values.bad("cpu-count", "it is 0")
        }
        return (
            cpus: cpus < 0 ? min(32, ProcessInfo.processInfo.activeProcessorCount) : cpus,
            memory: try values.integer("memory", in: 256...1_048_576) ?? 2048,
            disk: try values.integer("disk-size", in: 1...2_000_000) ?? 20000
        )
    }

    private static func size(of path: String) -> Int64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.int64Value
    }

    private func no(_ request: MachineRequest, _ problem: String, _ advice: String) -> MachineError {
        .preCreate(machine: request.name, problem: problem, advice: advice)
    }
}
