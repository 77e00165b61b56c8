// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// For the targets that wrap a C library: each unsafe call must say so.
let wrapper = strict + [.strictMemorySafety()]

// Outside code, named once. docs/ARCHITECTURE.md says what each is for and which targets may use it.
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLSEvents: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")

let package = Package(
    name: "swarmctl",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "swarmctl", targets: ["swarmctl"]),
        .executable(name: "swarmd", targets: ["swarmd"]),
        .executable(name: "swarm-bench", targets: ["swarm-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        // Row 0: C libraries of the system, imported by exactly one target each.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
        .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMalloc"),

        // Row 1
        .target(name: "SwarmCore", swiftSettings: strict),

        // Row 2
        .target(name: "PKI", dependencies: ["COpenSSL", "SwarmCore"], swiftSettings: wrapper),
        .target(name: "SecureShell", dependencies: ["CLibSSH2", "SwarmCore"], swiftSettings: wrapper),
        .target(name: "HTTPTransfer", dependencies: ["CLibcurl", "SwarmCore"], swiftSettings: wrapper),
        .target(
            name: "DockerAPI",
            dependencies: ["SwarmCore", logging, nioCore, nioPosix, nioHTTP, nioTLS, nioTLSEvents],
            swiftSettings: strict
        ),
        .target(name: "Scheduling", dependencies: ["SwarmCore"], swiftSettings: strict),
        .target(name: "GoRPC", dependencies: ["SwarmCore"], swiftSettings: strict),

        // Row 3
        .target(
            name: "Discovery",
            dependencies: ["DockerAPI", "SwarmCore", logging, nioCore, nioPosix, nioHTTP],
            swiftSettings: strict
        ),
        .target(
            name: "Cluster",
            dependencies: ["CMalloc", "DockerAPI", "Scheduling", "SwarmCore", logging, nioCore, nioPosix, nioHTTP],
            swiftSettings: strict
        ),
        .target(name: "Machines", dependencies: ["SwarmCore", "SecureShell", "PKI"], swiftSettings: strict),
        .target(
            name: "Provisioning",
            dependencies: ["SwarmCore", "SecureShell", "PKI", "HTTPTransfer", mustache],
            swiftSettings: strict
        ),

        // Row 4
        .target(
            name: "Gateway",
            dependencies: [
                "Cluster", "Discovery", "DockerAPI", "Scheduling", "SwarmCore", logging, nioCore, nioPosix, nioHTTP,
                nioTLS,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MachineDrivers",
            dependencies: [
                "Machines", "Provisioning", "GoRPC", "HTTPTransfer", "SecureShell", "PKI", "SwarmCore",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ClusterLifecycle",
            dependencies: ["Machines", "Provisioning", "HTTPTransfer", "SecureShell", "PKI", "SwarmCore", yams],
            swiftSettings: strict
        ),

        // Row 5
        .target(
            name: "DaemonCommands",
            dependencies: [
                "Gateway", "Cluster", "Discovery", "DockerAPI", "Scheduling", "SwarmCore", arguments, logging, nioCore,
                nioPosix, nioHTTP,
            ],
            swiftSettings: strict
        ),

        // Row 6
        .target(
            name: "OperatorCommands",
            dependencies: [
                "ClusterLifecycle", "DaemonCommands", "MachineDrivers", "Machines", "Provisioning", "HTTPTransfer",
                "SecureShell", "PKI", "SwarmCore", arguments,
            ],
            swiftSettings: strict
        ),

        // Row 7
        .executableTarget(
            name: "swarmctl",
            dependencies: ["OperatorCommands", "SwarmCore", arguments],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "swarmd",
            dependencies: ["DaemonCommands", "SwarmCore", arguments],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "swarm-bench",
            dependencies: [
                "Cluster", "DockerAPI", "Scheduling", "SwarmCore", arguments, nioCore, nioPosix, nioHTTP,
            ],
            swiftSettings: strict
        ),

        // Tests
        .target(
            name: "SwarmTesting",
            dependencies: [nioCore, nioPosix, nioHTTP],
            path: "Tests/SwarmTesting",
            swiftSettings: strict
        ),
        .testTarget(name: "SwarmCoreTests", dependencies: ["SwarmCore"], swiftSettings: strict),
        .testTarget(name: "PKITests", dependencies: ["PKI", "SwarmCore"], swiftSettings: strict),
        .testTarget(
            name: "SecureShellTests",
            dependencies: ["SecureShell", "PKI", "SwarmCore"],
            swiftSettings: strict
        ),
        .testTarget(name: "HTTPTransferTests", dependencies: ["HTTPTransfer", "SwarmCore"], swiftSettings: strict),
        .testTarget(
            name: "DockerAPITests",
            dependencies: ["DockerAPI", "SwarmCore", nioCore, nioPosix, nioHTTP, nioEmbedded, nioTLS],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GoRPCTests",
            dependencies: ["GoRPC", "SwarmCore", "SwarmTesting"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling", "SwarmCore"], swiftSettings: strict),
        .testTarget(
            name: "DiscoveryTests",
            dependencies: ["Discovery", "DockerAPI", "SwarmCore", "SwarmTesting", logging, nioCore, nioHTTP],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "Cluster", "DockerAPI", "Scheduling", "SwarmCore", "SwarmTesting", logging, nioCore, nioHTTP,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MachinesTests",
            dependencies: ["Machines", "SecureShell", "PKI", "SwarmCore"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ProvisioningTests",
            dependencies: ["Provisioning", "SecureShell", "PKI", "HTTPTransfer", "SwarmCore"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "Cluster", "Discovery", "DockerAPI", "Scheduling", "SwarmCore", "SwarmTesting", nioCore,
                nioPosix, nioHTTP, nioEmbedded, nioTLS, logging,
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MachineDriversTests",
            dependencies: [
                "MachineDrivers", "Machines", "Provisioning", "HTTPTransfer", "SecureShell", "PKI", "GoRPC",
                "SwarmCore", "SwarmTesting", nioCore, nioPosix, nioHTTP, nioTLS,
            ],
            exclude: ["Schemas"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClusterLifecycleTests",
            dependencies: ["ClusterLifecycle", "Machines", "Provisioning", "SecureShell", "PKI", "SwarmCore"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DaemonCommandsTests",
            dependencies: ["DaemonCommands", "SwarmCore", arguments],
            swiftSettings: strict
        ),
        .testTarget(
            name: "OperatorCommandsTests",
            dependencies: [
                "OperatorCommands", "ClusterLifecycle", "MachineDrivers", "Machines", "SecureShell", "PKI", "SwarmCore",
                arguments,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "Discovery", "DockerAPI", "Machines", "Provisioning", "HTTPTransfer", "SecureShell", "PKI", "SwarmCore",
                "SwarmTesting",
                logging, nioHTTP, yams,
            ],
            exclude: ["Clients/Fixtures", "Fixtures"],
            swiftSettings: strict
        ),
    ]
)
