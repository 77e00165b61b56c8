// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension OpenStackDriver {
    /// The flags, as docker-machine names them.
    static let allOptions: [DriverOption] = [
        DriverOption("openstack-auth-url", environment: "OS_AUTH_URL", help: "Address of keystone."),
        DriverOption(
            "openstack-insecure",
            kind: .flag,
            environment: "OS_INSECURE",
            help: "Refused: certificates are always verified."
        ),
        DriverOption("openstack-cacert", environment: "OS_CACERT", help: "File of the certificate authority."),
        DriverOption("openstack-domain-id", environment: "OS_DOMAIN_ID", help: "Id of the domain of user and project."),
        DriverOption(
            "openstack-domain-name",
            environment: "OS_DOMAIN_NAME",
            help: "Name of the domain of user and project."
        ),
        DriverOption("openstack-user-id", environment: "OS_USER_ID", help: "Id of the user."),
        DriverOption("openstack-user-domain-id", environment: "OS_USER_DOMAIN_ID", help: "Id of the user's domain."),
        DriverOption(
            "openstack-user-domain-name",
            environment: "OS_USER_DOMAIN_NAME",
            help: "Name of the user's domain."
        ),
        DriverOption("openstack-username", environment: "OS_USERNAME", help: "Name of the user."),
        DriverOption("openstack-password", environment: "OS_PASSWORD", isSecret: true, help: "Password of the user."),
        DriverOption(
            "openstack-application-credential-id",
            environment: "OS_APPLICATION_CREDENTIAL_ID",
            help: "Id of an application credential, in the place of a user."
        ),
        DriverOption(
            "openstack-application-credential-secret",
            environment: "OS_APPLICATION_CREDENTIAL_SECRET",
            isSecret: true,
            help: "Its secret."
        ),
        DriverOption("openstack-tenant-name", environment: "OS_TENANT_NAME", help: "Name of the project."),
        DriverOption("openstack-tenant-id", environment: "OS_TENANT_ID", help: "Id of the project."),
        DriverOption(
            "openstack-tenant-domain-id",
            environment: "OS_TENANT_DOMAIN_ID",
            help: "Id of the project's domain."
        ),
        DriverOption(
            "openstack-tenant-domain-name",
            environment: "OS_TENANT_DOMAIN_NAME",
            help: "Name of the project's domain."
        ),
        DriverOption("openstack-region", environment: "OS_REGION_NAME", help: "Region."),
        DriverOption("openstack-availability-zone", environment: "OS_AVAILABILITY_ZONE", help: "Availability zone."),
        DriverOption("openstack-endpoint-type", environment: "OS_ENDPOINT_TYPE", help: "public, internal or admin."),
        DriverOption("openstack-flavor-id", environment: "OS_FLAVOR_ID", help: "Id of the flavor."),
        DriverOption("openstack-flavor-name", environment: "OS_FLAVOR_NAME", help: "Name of the flavor."),
        DriverOption("openstack-image-id", environment: "OS_IMAGE_ID", help: "Id of the image."),
        DriverOption("openstack-image-name", environment: "OS_IMAGE_NAME", help: "Name of the image."),
        DriverOption(
            "openstack-keypair-name",
            environment: "OS_KEYPAIR_NAME",
            help: "A key pair that is there; if not given, the machine gets its own."
        ),
        DriverOption(
            "openstack-private-key-file",
            environment: "OS_PRIVATE_KEY_FILE",
            help: "Taken for compatibility: the cluster's key logs in."
        ),
        DriverOption(
            "openstack-user-data-file",
            environment: "OS_USER_DATA_FILE",
            help: "A file with user data of your own."
        ),
        DriverOption("openstack-net-id", environment: "OS_NETWORK_ID", help: "Id of the network."),
        DriverOption("openstack-net-name", environment: "OS_NETWORK_NAME", help: "Name of the network."),
        DriverOption(
            "openstack-sec-groups",
            kind: .list,
            environment: "OS_SECURITY_GROUPS",
            help: "Names of security groups that are there; if not given, the machine gets its own."
        ),
        DriverOption(
            "openstack-nova-network",
            kind: .flag,
            environment: "OS_NOVA_NETWORK",
            help: "Refused: OpenStack no longer has it."
        ),
        DriverOption(
            "openstack-floatingip-pool",
            environment: "OS_FLOATINGIP_POOL",
            help: "Network from which the machine gets a floating address."
        ),
        DriverOption(
            "openstack-ip-version",
            kind: .integer,
            environment: "OS_IP_VERSION",
            defaultValue: "4",
            help: "4 or 6."
        ),
        DriverOption(
            "openstack-ssh-user",
            environment: "OS_SSH_USER",
            defaultValue: "root",
            help: "User to log in as."
        ),
        DriverOption(
            "openstack-ssh-port",
            kind: .integer,
            environment: "OS_SSH_PORT",
            defaultValue: "22",
            help: "Port of SSH."
        ),
        DriverOption(
            "openstack-active-timeout",
            kind: .integer,
            environment: "OS_ACTIVE_TIMEOUT",
            defaultValue: "200",
            help: "Taken for compatibility: servers are waited for ten minutes."
        ),
        DriverOption(
            "openstack-config-drive",
            kind: .flag,
            environment: "OS_CONFIG_DRIVE",
            help: "User data on a drive of its own."
        ),
        DriverOption("openstack-metadata", environment: "OS_METADATA", help: "More metadata, as KEY,VALUE,KEY,VALUE."),
    ]
}
