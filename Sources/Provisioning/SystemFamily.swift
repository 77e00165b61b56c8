// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Systems that are installed in the same way; the raw value names the template `install/NAME.sh.mustache`.
package enum SystemFamily: String, Sendable, CaseIterable {
    case debian
    case ubuntu
    case rhel
    case suse
    case arch
    case alpine
    case flatcar

    /// The family of a system: by its ID, then by each word of its ID_LIKE, then by its package manager if it runs systemd.
    ///
    /// Returns `nil` for a system of which none of these is known.
    package static func detect(
        _ release: OSRelease,
        serviceManager: SystemFacts.ServiceManager?,
        commands: Set<String>
    ) -> SystemFamily? {
        for id in [release.id] + release.idLike {
            if let family = known[id.lowercased()] ?? (id.lowercased().hasPrefix("opensuse") ? .suse : nil) {
                return family
            }
        }
        guard serviceManager == .systemd else {
            return nil
        }
        return byPackageManager.first { commands.contains($0.command) }?.family
    }

    private static let known: [String: SystemFamily] = [
        "debian": .debian, "raspbian": .debian,
        "ubuntu": .ubuntu,
        "rhel": .rhel, "centos": .rhel, "rocky": .rhel, "almalinux": .rhel, "alma": .rhel, "ol": .rhel,
        "fedora": .rhel, "amzn": .rhel,
        "suse": .suse, "opensuse": .suse, "sles": .suse, "sled": .suse, "sle-micro": .suse,
        "arch": .arch, "archlinux": .arch, "archarm": .arch,
        "alpine": .alpine,
        "flatcar": .flatcar, "coreos": .flatcar,
    ]

    private static let byPackageManager: [(command: String, family: SystemFamily)] = [
        ("apt-get", .debian), ("dnf", .rhel), ("yum", .rhel), ("zypper", .suse), ("pacman", .arch),
    ]
}
