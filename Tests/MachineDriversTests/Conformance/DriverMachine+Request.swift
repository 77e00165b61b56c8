// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Machines

extension DriverMachine {
    /// The machine that a request made.
    init(request: MachineRequest, state: DriverState) {
        self.init(
            name: request.name,
            id: request.id,
            cluster: request.cluster,
            options: request.options,
            state: state
        )
    }
}
