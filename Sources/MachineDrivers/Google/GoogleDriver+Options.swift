// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension GoogleDriver {
    /// The flags, as docker-machine names them.
    static let allOptions: [DriverOption] = [
        DriverOption("google-zone", environment: "GOOGLE_ZONE", defaultValue: "us-central1-a", help: "Zone."),
        DriverOption(
            "google-machine-type",
            environment: "GOOGLE_MACHINE_TYPE",
            defaultValue: "e2-medium",
            help: "Type of the machine."
        ),
        DriverOption(
            "google-machine-image",
            environment: "GOOGLE_MACHINE_IMAGE",
            defaultValue: "ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64",
            help: "Image, as PROJECT/global/images/NAME."
        ),
        DriverOption(
            "google-username",
            environment: "GOOGLE_USERNAME",
            defaultValue: "docker-user",
            help: "User to log in as."
        ),
        DriverOption(
            "google-project",
            environment: "GOOGLE_PROJECT",
            help: "Project; if not given, the service account's."
        ),
        DriverOption(
            "google-auth-encoded-json",
            environment: "GOOGLE_AUTH_ENCODED_JSON",
            isSecret: true,
            help: "JSON of a service account; if not given, the file in GOOGLE_APPLICATION_CREDENTIALS."
        ),
        DriverOption(
            "google-service-account",
            environment: "GOOGLE_SERVICE_ACCOUNT",
            defaultValue: "default",
            help: "Service account of the machine."
        ),
        DriverOption(
            "google-scopes",
            environment: "GOOGLE_SCOPES",
            help: "What the machine itself may do at Google; if not given, nothing."
        ),
        DriverOption(
            "google-disk-size",
            kind: .integer,
            environment: "GOOGLE_DISK_SIZE",
            defaultValue: "10",
            help: "Size of the disk in GB."
        ),
        DriverOption(
            "google-disk-type",
            environment: "GOOGLE_DISK_TYPE",
            defaultValue: "pd-balanced",
            help: "Type of the disk."
        ),
        DriverOption("google-network", environment: "GOOGLE_NETWORK", defaultValue: "default", help: "Network."),
        DriverOption("google-subnetwork", environment: "GOOGLE_SUBNETWORK", help: "Subnetwork."),
        DriverOption("google-address", environment: "GOOGLE_ADDRESS", help: "Static external address."),
        DriverOption(
            "google-preemptible",
            kind: .flag,
            environment: "GOOGLE_PREEMPTIBLE",
            help: "Ask for a spot machine."
        ),
        DriverOption("google-tags", environment: "GOOGLE_TAGS", help: "More network tags, comma-separated."),
        DriverOption(
            "google-use-internal-ip",
            kind: .flag,
            environment: "GOOGLE_USE_INTERNAL_IP",
            help: "Reach the machine at its internal address."
        ),
        DriverOption(
            "google-use-internal-ip-only",
            kind: .flag,
            environment: "GOOGLE_USE_INTERNAL_IP_ONLY",
            help: "No external address."
        ),
        DriverOption(
            "google-use-existing",
            kind: .flag,
            environment: "GOOGLE_USE_EXISTING",
            help: "Refused: adopt with the driver generic."
        ),
        DriverOption(
            "google-open-port",
            kind: .list,
            environment: "GOOGLE_OPEN_PORT",
            help: "Another port to open, as 80 or 53/udp."
        ),
        DriverOption("google-userdata", environment: "GOOGLE_USERDATA", help: "A file with user data of your own."),
        DriverOption("google-vm-labels", environment: "GOOGLE_VM_LABELS", help: "More labels, as KEY,VALUE,KEY,VALUE."),
    ]
}
