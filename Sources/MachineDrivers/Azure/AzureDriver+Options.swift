// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension AzureDriver {
    /// The flags, as docker-machine names them.
    static let allOptions: [DriverOption] = [
        DriverOption(
            "azure-environment",
            environment: "AZURE_ENVIRONMENT",
            defaultValue: "AzurePublicCloud",
            help: "AzurePublicCloud, AzureChinaCloud or AzureUSGovernmentCloud."
        ),
        DriverOption("azure-subscription-id", environment: "AZURE_SUBSCRIPTION_ID", help: "Subscription."),
        DriverOption("azure-tenant-id", environment: "AZURE_TENANT_ID", help: "Tenant of the service principal."),
        DriverOption("azure-client-id", environment: "AZURE_CLIENT_ID", help: "Id of the service principal."),
        DriverOption("azure-client-secret", environment: "AZURE_CLIENT_SECRET", isSecret: true, help: "Its secret."),
        DriverOption(
            "azure-resource-group",
            environment: "AZURE_RESOURCE_GROUP",
            help: "Resource group that is there; if not given, the machine gets its own."
        ),
        DriverOption(
            "azure-ssh-user",
            environment: "AZURE_SSH_USER",
            defaultValue: "docker-user",
            help: "User to log in as."
        ),
        DriverOption(
            "azure-docker-port",
            kind: .integer,
            environment: "AZURE_DOCKER_PORT",
            defaultValue: "2376",
            help: "Taken for compatibility: the engine's port is open anyway."
        ),
        DriverOption("azure-location", environment: "AZURE_LOCATION", defaultValue: "westus2", help: "Location."),
        DriverOption("azure-size", environment: "AZURE_SIZE", defaultValue: "Standard_B2s", help: "Size."),
        DriverOption(
            "azure-image",
            environment: "AZURE_IMAGE",
            defaultValue: "Canonical:ubuntu-24_04-lts:server:latest",
            help: "Image, as PUBLISHER:OFFER:SKU:VERSION or an id."
        ),
        DriverOption(
            "azure-vnet",
            environment: "AZURE_VNET",
            help: "Taken for compatibility: the machine gets its own network."
        ),
        DriverOption(
            "azure-subnet",
            environment: "AZURE_SUBNET",
            defaultValue: "docker-machine",
            help: "Name of its subnet."
        ),
        DriverOption(
            "azure-subnet-prefix",
            environment: "AZURE_SUBNET_PREFIX",
            defaultValue: "192.168.0.0/16",
            help: "Addresses of its subnet."
        ),
        DriverOption(
            "azure-availability-set",
            environment: "AZURE_AVAILABILITY_SET",
            help: "Taken for compatibility: machines are in no set."
        ),
        DriverOption(
            "azure-custom-data",
            environment: "AZURE_CUSTOM_DATA_FILE",
            help: "A file with user data of your own."
        ),
        DriverOption("azure-private-ip-address", help: "Fixed private address."),
        DriverOption(
            "azure-storage-type",
            environment: "AZURE_STORAGE_TYPE",
            defaultValue: "Standard_LRS",
            help: "Type of the disk."
        ),
        DriverOption(
            "azure-disk-size",
            kind: .integer,
            environment: "AZURE_DISK_SIZE",
            defaultValue: "30",
            help: "Size of the disk in GB."
        ),
        DriverOption("azure-use-private-ip", kind: .flag, help: "Reach the machine at its private address."),
        DriverOption("azure-no-public-ip", kind: .flag, help: "No public address."),
        DriverOption(
            "azure-static-public-ip",
            kind: .flag,
            help: "Taken for compatibility: public addresses are static."
        ),
        DriverOption("azure-dns", environment: "AZURE_DNS_LABEL", help: "Label of the public address in the DNS."),
        DriverOption("azure-open-port", kind: .list, help: "Another port to open, as 80 or 53/udp."),
        DriverOption("azure-tags", environment: "AZURE_TAGS", help: "More tags, as KEY,VALUE,KEY,VALUE."),
    ]
}
