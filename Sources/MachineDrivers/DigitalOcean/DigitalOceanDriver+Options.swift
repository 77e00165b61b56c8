// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension DigitalOceanDriver {
    /// The flags, as docker-machine names them.
    static let allOptions: [DriverOption] = [
        DriverOption(
            "digitalocean-access-token",
            environment: "DIGITALOCEAN_ACCESS_TOKEN",
            isSecret: true,
            help: "Token of the API."
        ),
        DriverOption(
            "digitalocean-ssh-user",
            environment: "DIGITALOCEAN_SSH_USER",
            defaultValue: "root",
            help: "User to log in as."
        ),
        DriverOption(
            "digitalocean-ssh-key-fingerprint",
            environment: "DIGITALOCEAN_SSH_KEY_FINGERPRINT",
            help: "Another key of the account to be put on the droplet too."
        ),
        DriverOption(
            "digitalocean-ssh-key-path",
            environment: "DIGITALOCEAN_SSH_KEY_PATH",
            help: "Taken for compatibility: the cluster's key logs in."
        ),
        DriverOption(
            "digitalocean-ssh-port",
            kind: .integer,
            environment: "DIGITALOCEAN_SSH_PORT",
            defaultValue: "22",
            help: "Port of SSH."
        ),
        DriverOption(
            "digitalocean-image",
            environment: "DIGITALOCEAN_IMAGE",
            defaultValue: "ubuntu-24-04-x64",
            help: "Image."
        ),
        DriverOption("digitalocean-region", environment: "DIGITALOCEAN_REGION", defaultValue: "nyc3", help: "Region."),
        DriverOption("digitalocean-size", environment: "DIGITALOCEAN_SIZE", defaultValue: "s-1vcpu-1gb", help: "Size."),
        DriverOption("digitalocean-ipv6", kind: .flag, environment: "DIGITALOCEAN_IPV6", help: "Also an IPv6 address."),
        DriverOption(
            "digitalocean-private-networking",
            kind: .flag,
            environment: "DIGITALOCEAN_PRIVATE_NETWORKING",
            help: "Reach the droplet at its private address."
        ),
        DriverOption(
            "digitalocean-backups",
            kind: .flag,
            environment: "DIGITALOCEAN_BACKUPS",
            help: "Backups by the provider."
        ),
        DriverOption(
            "digitalocean-userdata",
            environment: "DIGITALOCEAN_USERDATA",
            help: "A file with user data of your own."
        ),
        DriverOption(
            "digitalocean-monitoring",
            kind: .flag,
            environment: "DIGITALOCEAN_MONITORING",
            help: "The provider's agent for monitoring."
        ),
        DriverOption("digitalocean-tags", environment: "DIGITALOCEAN_TAGS", help: "More tags, comma-separated."),
    ]
}
