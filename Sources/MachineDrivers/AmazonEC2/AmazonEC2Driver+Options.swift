// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Machines

extension AmazonEC2Driver {
    /// The flags, as docker-machine names them.
    static let allOptions: [DriverOption] = [
        DriverOption(
            "amazonec2-access-key",
            environment: "AWS_ACCESS_KEY_ID",
            isSecret: true,
            help: "Access key; if not given, the one in ~/.aws/credentials."
        ),
        DriverOption("amazonec2-secret-key", environment: "AWS_SECRET_ACCESS_KEY", isSecret: true, help: "Secret key."),
        DriverOption(
            "amazonec2-session-token",
            environment: "AWS_SESSION_TOKEN",
            isSecret: true,
            help: "Session token of temporary credentials."
        ),
        DriverOption("amazonec2-region", environment: "AWS_DEFAULT_REGION", defaultValue: "us-east-1", help: "Region."),
        DriverOption(
            "amazonec2-ami",
            environment: "AWS_AMI",
            help: "Image; if not given, the newest Ubuntu 24.04 of the region."
        ),
        DriverOption("amazonec2-vpc-id", environment: "AWS_VPC_ID", help: "VPC; if not given, the default one."),
        DriverOption(
            "amazonec2-zone",
            environment: "AWS_ZONE",
            defaultValue: "a",
            help: "Letter of the availability zone."
        ),
        DriverOption(
            "amazonec2-subnet-id",
            environment: "AWS_SUBNET_ID",
            help: "Subnet; if not given, the default one of the zone."
        ),
        DriverOption(
            "amazonec2-security-group",
            kind: .list,
            environment: "AWS_SECURITY_GROUP",
            help: "Names of security groups that are there; if not given, the machine gets its own."
        ),
        DriverOption(
            "amazonec2-security-group-readonly",
            kind: .flag,
            environment: "AWS_SECURITY_GROUP_READONLY",
            help: "Taken for compatibility: groups that are given are never changed."
        ),
        DriverOption(
            "amazonec2-open-port",
            kind: .list,
            help: "Another port to open in the machine's own group, as 80 or 53/udp."
        ),
        DriverOption("amazonec2-tags", environment: "AWS_TAGS", help: "More tags, as KEY,VALUE,KEY,VALUE."),
        DriverOption(
            "amazonec2-instance-type",
            environment: "AWS_INSTANCE_TYPE",
            defaultValue: "t3.small",
            help: "Size."
        ),
        DriverOption(
            "amazonec2-device-name",
            environment: "AWS_DEVICE_NAME",
            help: "Device of the first disk; if not given, the image's."
        ),
        DriverOption(
            "amazonec2-root-size",
            kind: .integer,
            environment: "AWS_ROOT_SIZE",
            defaultValue: "16",
            help: "Size of the first disk in GB."
        ),
        DriverOption(
            "amazonec2-volume-type",
            environment: "AWS_VOLUME_TYPE",
            defaultValue: "gp3",
            help: "Type of the first disk."
        ),
        DriverOption(
            "amazonec2-iam-instance-profile",
            environment: "AWS_INSTANCE_PROFILE",
            help: "Name of the IAM instance profile."
        ),
        DriverOption(
            "amazonec2-ssh-user",
            environment: "AWS_SSH_USER",
            defaultValue: "ubuntu",
            help: "User to log in as."
        ),
        DriverOption(
            "amazonec2-ssh-port",
            kind: .integer,
            environment: "AWS_SSH_PORT",
            defaultValue: "22",
            help: "Port of SSH."
        ),
        DriverOption("amazonec2-request-spot-instance", kind: .flag, help: "Ask for a spot instance."),
        DriverOption(
            "amazonec2-spot-price",
            help: "Highest price of a spot instance per hour; if not given, that of an ordinary one."
        ),
        DriverOption(
            "amazonec2-block-duration-minutes",
            kind: .integer,
            defaultValue: "0",
            help: "Taken for compatibility: 0 only."
        ),
        DriverOption("amazonec2-private-address-only", kind: .flag, help: "No public address."),
        DriverOption("amazonec2-use-private-address", kind: .flag, help: "Reach the machine at its private address."),
        DriverOption("amazonec2-monitoring", kind: .flag, help: "Detailed monitoring."),
        DriverOption("amazonec2-use-ebs-optimized-instance", kind: .flag, help: "EBS-optimized instance."),
        DriverOption(
            "amazonec2-encrypt-ebs-volume",
            kind: .flag,
            environment: "AWS_ENCRYPT_EBS_VOLUME",
            help: "Encrypt the first disk."
        ),
        DriverOption("amazonec2-kms-key", environment: "AWS_KMS_KEY", help: "Key for the encrypted disk."),
        DriverOption(
            "amazonec2-http-endpoint",
            environment: "AWS_HTTP_ENDPOINT",
            defaultValue: "enabled",
            help: "Metadata service: enabled or disabled."
        ),
        DriverOption(
            "amazonec2-http-tokens",
            environment: "AWS_HTTP_TOKENS",
            defaultValue: "required",
            help: "Metadata service: required for IMDSv2 only, or optional."
        ),
        DriverOption(
            "amazonec2-ssh-keypath",
            environment: "AWS_SSH_KEYPATH",
            help: "Taken for compatibility: the cluster's key logs in."
        ),
        DriverOption(
            "amazonec2-keypair-name",
            environment: "AWS_KEYPAIR_NAME",
            help: "A key pair that is there, to be put on the machine too."
        ),
        DriverOption(
            "amazonec2-retries",
            kind: .integer,
            defaultValue: "5",
            help: "Taken for compatibility: calls are repeated in one place."
        ),
        DriverOption("amazonec2-endpoint", environment: "AWS_ENDPOINT", help: "Another address of EC2's API."),
        DriverOption(
            "amazonec2-insecure-transport",
            kind: .flag,
            environment: "AWS_INSECURE_TRANSPORT",
            help: "HTTP without TLS."
        ),
        DriverOption("amazonec2-userdata", environment: "AWS_USERDATA", help: "A file with user data of your own."),
    ]
}
