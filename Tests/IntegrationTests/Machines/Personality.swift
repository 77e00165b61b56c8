// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Foundation

/// swarmctl, called as docker-machine.
struct Personality {
    let program: String
    let store: String
    let environment: [String: String]

    init(_ sandbox: Sandbox) throws {
        program = sandbox.folder + "/docker-machine"
        store = sandbox.folder + "/machine"
        environment = sandbox.environment.merging(["MACHINE_STORAGE_PATH": store, "SHELL": "/bin/bash"]) { $1 }
        if !FileManager.default.fileExists(atPath: program) {
            try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: Testbed.swarmctl)
        }
    }

    func run(_ words: [String]) async throws -> ProgramResult {
        try await IntegrationTests.run(program, words, environment: environment, timeout: .seconds(600))
    }

    /// Runs the docker CLI with the certificates that `inspect` names, as runners do.
    func docker(_ name: String, _ words: [String]) async throws -> ProgramResult {
        let url = try await run(["url", name]).line
        let folder = try await run(["inspect", name, "-f", "{{.HostOptions.AuthOptions.StorePath}}"]).line
        let certificates = [
            "--tlscacert", "\(folder)/ca.pem", "--tlscert", "\(folder)/cert.pem", "--tlskey", "\(folder)/key.pem",
        ]
        return try await IntegrationTests.run("docker", ["-H", url, "--tlsverify"] + certificates + words)
    }
}

/// A script for a host: its package manager gets to know a newer `docker.io`, and nothing else.
///
/// It is what is installed under a higher version, so that no network is needed. Prints the version.
let newerEnginePackage = #"""
    set -e
    version=$(dpkg-query -W -f '${Version}' docker.io)+lab1
    info=/var/lib/dpkg/info/docker.io package=/srv/package
    mkdir -p /srv/repository "$package/DEBIAN"
    dpkg -L docker.io | while read -r file; do
        # A folder of the package may be a link on the host; documentation may have been left out.
        if [ ! -d "$file" ] && [ -e "$file" ]; then printf '%s\n' "$file"; fi
    done | tar -c --no-recursion -T - 2>/dev/null | tar -x -C "$package"
    for part in config postinst postrm preinst prerm templates; do
        [ ! -e "$info.$part" ] || cp "$info.$part" "$package/DEBIAN/$part"
    done
    while read -r file; do [ ! -e "$file" ] || printf '%s\n' "$file"; done \
        <"$info.conffiles" >"$package/DEBIAN/conffiles"
    dpkg-query -s docker.io | sed -e '/^Status:/d' -e '/^Conffiles:/d' -e '/^ \//d' \
        -e "s/^Version:.*/Version: $version/" >"$package/DEBIAN/control"
    dpkg-deb -Znone -b "$package" /srv/repository/docker.io.deb >/dev/null
    cd /srv/repository
    {
        cat "$package/DEBIAN/control"
        printf 'Filename: ./docker.io.deb\nSize: %s\n' "$(stat -c %s docker.io.deb)"
        printf 'SHA256: %s\n\n' "$(sha256sum docker.io.deb | cut -d ' ' -f 1)"
    } >Packages
    rm -rf "$package" /etc/apt/sources.list.d/*
    echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
    echo "$version"
    """#
