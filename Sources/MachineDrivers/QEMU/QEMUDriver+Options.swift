// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension QEMUDriver {
    /// The flags, as docker-machine's plug-in names them where it has them.
    static let allOptions = hardware + network + guest + ignored

    private static let hardware = [
        DriverOption(
            "qemu-image",
            environment: "QEMU_IMAGE",
            help: """
                A cloud image with cloud-init on this host, in any format that qemu reads; it must stay as it is. \
                Required.
                """
        ),
        DriverOption(
            "qemu-memory",
            kind: .integer,
            environment: "QEMU_MEMORY",
            defaultValue: "2048",
            help: "Memory in MiB."
        ),
        DriverOption(
            "qemu-cpu-count",
            kind: .integer,
            environment: "QEMU_CPU_COUNT",
            defaultValue: "2",
            help: "Number of processors; -1 for as many as this host has."
        ),
        DriverOption(
            "qemu-disk-size",
            kind: .integer,
            environment: "QEMU_DISK_SIZE",
            defaultValue: "20000",
            help: "Size of the disk in MiB; an image that is larger stays as it is."
        ),
        DriverOption(
            "qemu-program",
            environment: "QEMU_PROGRAM",
            defaultValue: "qemu-system-x86_64",
            help: "The program to run."
        ),
        DriverOption(
            "qemu-accelerator",
            environment: "QEMU_ACCELERATOR",
            defaultValue: "auto",
            help: "kvm, hvf, tcg (emulation), or auto: the hypervisor if a guest really runs with it, else emulation."
        ),
        DriverOption(
            "qemu-cache-mode",
            environment: "QEMU_CACHE_MODE",
            defaultValue: "default",
            help: "Disk cache: default, none, writethrough, writeback, directsync or unsafe."
        ),
        DriverOption(
            "qemu-io-mode",
            environment: "QEMU_IO_MODE",
            defaultValue: "threads",
            help: "Disk access: threads, native or io_uring."
        ),
        DriverOption(
            "qemu-display",
            kind: .flag,
            environment: "QEMU_DISPLAY",
            help: "Show the machine's screen."
        ),
        DriverOption(
            "qemu-display-type",
            environment: "QEMU_DISPLAY_TYPE",
            help: "How it is shown: gtk unless given, sdl, vnc=localhost:0 and the like."
        ),
    ]

    private static let network = [
        DriverOption(
            "qemu-network",
            environment: "QEMU_NETWORK",
            defaultValue: "user",
            help: "user: ports of this host lead to the machine; or tap, or bridge."
        ),
        DriverOption(
            "qemu-address",
            environment: "QEMU_ADDRESS",
            help: "This host's address for the machine's ports; 127.0.0.1, for clusters the host's own, unless given."
        ),
        DriverOption(
            "qemu-publish",
            kind: .list,
            environment: "QEMU_PUBLISH",
            help: "More ports of that address that lead to the same ports of the machine."
        ),
        DriverOption(
            "qemu-network-interface",
            environment: "QEMU_NETWORK_INTERFACE",
            defaultValue: "tap0",
            help: "The interface for --qemu-network tap."
        ),
        DriverOption(
            "qemu-network-bridge",
            environment: "QEMU_NETWORK_BRIDGE",
            defaultValue: "br0",
            help: "The bridge for --qemu-network bridge."
        ),
        DriverOption(
            "qemu-network-address",
            environment: "QEMU_NETWORK_ADDRESS",
            help: "The address that the machine gets on a tap or bridge; required there."
        ),
    ]

    private static let guest = [
        DriverOption(
            "qemu-ssh-user",
            environment: "QEMU_SSH_USER",
            defaultValue: "root",
            help: "The user that we log in as; made with the right to use sudo."
        ),
        DriverOption(
            "qemu-userdata",
            environment: "QEMU_USERDATA",
            help: "A file with more user data for cloud-init."
        ),
    ]

    private static let ignored = [
        DriverOption(
            "qemu-virtio-drives",
            kind: .flag,
            environment: "QEMU_VIRTIO_DRIVES",
            help: "Taken for compatibility; drives are virtio."
        ),
        DriverOption(
            "qemu-nographic",
            kind: .flag,
            help: "Taken for compatibility; there is no screen unless asked for."
        ),
    ]
}
