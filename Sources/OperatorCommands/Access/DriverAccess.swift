// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import Machines

extension CommandContext {
    /// The machine as its driver is told of it.
    package func driverMachine(_ machine: MachineRecord) -> DriverMachine {
        DriverMachine(
            name: machine.name,
            id: machine.id,
            cluster: machine.cluster,
            options: machine.options,
            state: machine.state
        )
    }
}
