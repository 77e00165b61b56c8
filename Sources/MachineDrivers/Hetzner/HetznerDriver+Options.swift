// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension HetznerDriver {
    /// The flags, as docker-machine names them.
    static let allOptions: [DriverOption] = [
        DriverOption(
            "hetzner-api-token",
            environment: "HETZNER_API_TOKEN",
            isSecret: true,
            help: "Token of the project."
        ),
        DriverOption("hetzner-image", environment: "HETZNER_IMAGE", defaultValue: "ubuntu-24.04", help: "Image."),
        DriverOption(
            "hetzner-server-type",
            environment: "HETZNER_TYPE",
            defaultValue: "cx23",
            help: "Type of the server."
        ),
        DriverOption(
            "hetzner-server-location",
            environment: "HETZNER_LOCATION",
            help: "Location, as fsn1; if not given, the provider chooses."
        ),
        DriverOption("hetzner-server-label", kind: .list, help: "Another label, as KEY=VALUE."),
        DriverOption(
            "hetzner-additional-key-id",
            kind: .list,
            environment: "HETZNER_ADDITIONAL_KEYS",
            help: "Id of another key of the project to be put on the server too."
        ),
        DriverOption(
            "hetzner-existing-key-path",
            environment: "HETZNER_EXISTING_KEY_PATH",
            help: "Taken for compatibility: the cluster's key logs in."
        ),
        DriverOption("hetzner-networks", kind: .list, environment: "HETZNER_NETWORKS", help: "Id of a network."),
        DriverOption("hetzner-firewalls", kind: .list, environment: "HETZNER_FIREWALLS", help: "Id of a firewall."),
        DriverOption(
            "hetzner-use-private-network",
            kind: .flag,
            environment: "HETZNER_USE_PRIVATE_NETWORK",
            help: "Reach the server at its private address."
        ),
        DriverOption(
            "hetzner-disable-public",
            kind: .flag,
            environment: "HETZNER_DISABLE_PUBLIC",
            help: "No public address."
        ),
        DriverOption(
            "hetzner-disable-public-ipv4",
            kind: .flag,
            environment: "HETZNER_DISABLE_PUBLIC_IPV4",
            help: "No public IPv4 address."
        ),
        DriverOption(
            "hetzner-disable-public-ipv6",
            kind: .flag,
            environment: "HETZNER_DISABLE_PUBLIC_IPV6",
            help: "No public IPv6 address."
        ),
        DriverOption(
            "hetzner-ssh-user",
            environment: "HETZNER_SSH_USER",
            defaultValue: "root",
            help: "User to log in as."
        ),
        DriverOption(
            "hetzner-ssh-port",
            kind: .integer,
            environment: "HETZNER_SSH_PORT",
            defaultValue: "22",
            help: "Port of SSH."
        ),
        DriverOption("hetzner-user-data", environment: "HETZNER_USER_DATA", help: "A file with user data of your own."),
        DriverOption("hetzner-user-data-file", environment: "HETZNER_USER_DATA_FILE", help: "The same."),
    ]
}
