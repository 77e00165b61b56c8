// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import HTTPTransfer
package import Machines

/// The drivers there are.
package enum DriverCatalog {
    /// One line a driver, in the order of `--help`; the first is the default.
    ///
    /// - Parameters:
    ///   - environment: of the process; for what is no option of a driver, such as `DOCKER_HOST`.
    ///   - http: makes the calls to providers.
    ///   - folder: of the store, absolute; `nil` for the one that `environment` names. Drivers that run
    ///     virtual machines keep their disks below it.
    /// - Returns: one of each, then the plug-ins in `PATH`.
    package static func drivers(
        environment: [String: String],
        http: any HTTPSending = RetryingSender(HTTPClient()),
        folder: String? = nil
    ) -> [any MachineDriver] {
        let folder = folder ?? environment["SWARMCTL_STORE"] ?? "\(environment["HOME"] ?? "")/.swarmctl"
        let own: [any MachineDriver] = [
            LocalDriver(http: http, environment: environment),
            GenericDriver(),
            NoneDriver(),
            VirtualBoxDriver(folder: folder, environment: environment),
            QEMUDriver(folder: folder, environment: environment),
            AmazonEC2Driver(http: http, environment: environment),
            DigitalOceanDriver(http: http, environment: environment),
            HetznerDriver(http: http, environment: environment),
            OpenStackDriver(http: http, environment: environment),
            GoogleDriver(http: http, environment: environment),
            AzureDriver(http: http, environment: environment),
        ]
        return own
            + PluginCatalog.drivers(environment: environment, folder: folder, except: Set(own.map(\.name)))
    }
}
