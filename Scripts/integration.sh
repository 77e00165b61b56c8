#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs the integration tests on real hosts and engines of the testbed, and removes what they made.
#
# Usage: integration.sh [CONFIGURATION [FILTER]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
configuration=${1:-debug}
filter=${2:-IntegrationTests}
export SWARMCTL_TESTBED=${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}
folder=.build/integration
mkdir -p "$folder"

was_running=$(Scripts/testbed/engine.sh status default >/dev/null 2>&1 && echo yes || echo no)
finish() {
    Scripts/testbed/store.sh stop-all
    [[ $was_running == yes ]] || Scripts/testbed/testbed.sh down >/dev/null
}
trap finish EXIT

Scripts/testbed/engine.sh start >/dev/null
Scripts/testbed/node-image.sh --variant all
Scripts/testbed/busybox-image.sh --save "$folder/busybox.tar"
export SWARMCTL_TEST_CHECKOUT=$PWD
export SWARMCTL_TEST_SWARMCTL=$PWD/.build/$configuration/swarmctl
export SWARMCTL_TEST_BUSYBOX=$PWD/$folder/busybox.tar
export SWARMCTL_TEST_ENGINE
SWARMCTL_TEST_ENGINE=$(Scripts/testbed/engine.sh address)
swift test -c "$configuration" --skip-build --filter "$filter" --no-parallel
