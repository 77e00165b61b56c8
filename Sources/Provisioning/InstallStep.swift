// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore

/// Step 4: a Docker Engine that is new enough; one that is there is kept.
struct InstallStep {
    /// What an engine's packages need on the fullest file system, in bytes: Debian's take 300 MB with their archives.
    private static let roomNeeded: Int64 = 400 << 20

    /// Where packages write.
    private static let packagePaths: Set<String> = ["/", "/usr", "/var/lib", "/var/cache"]

    let request: ProvisionRequest
    let shell: HostShell

    /// What has to be done; `nil` when the engine that is there will do.
    ///
    /// - Throws: ``ProvisionError`` when nothing can be done.
    func plan(_ facts: HostFacts) throws(ProvisionError) -> String? {
        guard !facts.engine.isSnap else {
            throw failure(.unsupportedSystem(name: "\(facts.system.release.prettyName) with Docker as a snap"))
        }
        if let version = facts.engine.installedVersion {
            guard version >= .oldest else {
                throw failure(.engineTooOld(version: version.description))
            }
            return nil
        }
        if let fullest = facts.system.freeSpace.filter({ Self.packagePaths.contains($0.key) }).min(by: {
            $0.value < $1.value
        }),
            fullest.value < Self.roomNeeded
        {
            throw failure(.diskFull(path: fullest.key, free: ByteCount(fullest.value).iec))
        }
        switch request.engine.install {
        case .none: throw failure(.noEngine)
        case .script(let url, _): return "install Docker Engine with \(url)"
        case .package:
            guard let family = facts.system.family else {
                throw failure(.unsupportedSystem(name: facts.system.release.prettyName))
            }
            return family == .flatcar ? "start the engine that is part of the system" : "install Docker Engine"
        }
    }

    /// Installs; call it only when ``plan(_:)`` says so.
    func apply(_ facts: HostFacts) async throws {
        switch request.engine.install {
        case .none: break
        case .script(let url, let sha256):
            _ = try await shell.run("install/script.sh", ["url": url, "sha256": sha256], step: .install)
        case .package:
            guard let family = facts.system.family else {
                throw failure(.unsupportedSystem(name: facts.system.release.prettyName))
            }
            let release = facts.system.release
            _ = try await shell.run(
                "install/\(family.rawValue).sh",
                [
                    "oldest": "\(EngineVersion.oldest.major).\(EngineVersion.oldest.minor)",
                    "distribution": Self.distribution(family, release),
                    "codename": Self.codename(release),
                    "versionID": release.versionID,
                ],
                step: .install
            )
        }
    }

    /// The folder of Docker's repository for a system: derivatives use that of what they derive from.
    static func distribution(_ family: SystemFamily, _ release: OSRelease) -> String {
        switch family {
        case .debian: release.id == "raspbian" ? "raspbian" : "debian"
        case .ubuntu: "ubuntu"
        case .rhel: release.id == "fedora" || release.id == "rhel" ? release.id : "centos"
        default: release.id
        }
    }

    /// The release that packages are made for: of Ubuntu's derivatives it is Ubuntu's.
    static func codename(_ release: OSRelease) -> String {
        release.fields["UBUNTU_CODENAME"] ?? release.fields["DEBIAN_CODENAME"] ?? release.codename
    }

    private func failure(_ cause: ProvisionError.Cause) -> ProvisionError {
        ProvisionError(host: request.nodeName, step: .install, cause: cause)
    }
}
