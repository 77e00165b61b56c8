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
    /// - Returns: one of each.
    package static func drivers(
        environment: [String: String],
        http: any HTTPSending = RetryingSender(HTTPClient())
    ) -> [any MachineDriver] {
        [
            LocalDriver(http: http, environment: environment),
            GenericDriver(),
            NoneDriver(),
        ]
    }
}
