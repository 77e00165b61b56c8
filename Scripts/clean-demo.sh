#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Removes what demo.sh made: the cluster with its hosts, then the engine that they ran on.
#
# Usage: clean-demo.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
swarmctl=.build/debug/swarmctl

if [[ -x $swarmctl ]] && "$swarmctl" inspect demo >/dev/null 2>&1; then
    "$swarmctl" rm demo -y --force
fi
rm -rf .build/demo
# Other clusters may have hosts on that engine too.
if [[ -z $(Scripts/testbed/engine.sh exec -- docker ps --all --quiet --filter label=swarmctl-cluster 2>/dev/null) ]]; then
    Scripts/testbed/engine.sh stop
fi
