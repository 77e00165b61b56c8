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
SWARMCTL_TEST_TIMES=
mkdir -p "$folder"

# What takes longer than CI has is run by name only.
skipped=()
[[ $filter == *Soak* ]] || skipped=(--skip SoakTests)

was_running=$(Scripts/testbed/engine.sh status default >/dev/null 2>&1 && echo yes || echo no)
# The times of stores and cases, as the tests have noted them; the longest of several.
print_times() {
    [[ -s $SWARMCTL_TEST_TIMES ]] || return 0
    awk -F'\t' '
        !($1 in cases) { cases[$1]; order[++count] = $1 }
        !(($1, $2) in time) || $3 > time[$1, $2] { time[$1, $2] = $3 }
        END {
            stores = split("etcd consul zk swarm token file", names, " ")
            printf "\n%-26s", "seconds"
            for (s = 1; s <= stores; s++) printf "%9s", names[s]
            for (c = 1; c <= count; c++) {
                printf "\n%-26s", order[c]
                for (s = 1; s <= stores; s++) printf "%9s", (order[c], names[s]) in time ? time[order[c], names[s]] : "-"
            }
            print ""
        }' "$SWARMCTL_TEST_TIMES"
}

finish() {
    Scripts/testbed/store.sh stop-all || echo "$0: some stores may be left" >&2
    [[ $was_running == yes ]] || Scripts/testbed/testbed.sh down >/dev/null || echo "$0: some engines may be left" >&2
}
trap finish EXIT

Scripts/testbed/engine.sh start >/dev/null
Scripts/testbed/node-image.sh --variant all
Scripts/testbed/busybox-image.sh --save "$folder/busybox.tar"
export SWARMCTL_TEST_CHECKOUT=$PWD
export SWARMCTL_TEST_SWARMCTL=$PWD/.build/$configuration/swarmctl
export SWARMCTL_TEST_BUSYBOX=$PWD/$folder/busybox.tar
export SWARMCTL_TEST_TIMES=$PWD/$folder/times.tsv
rm -f "$SWARMCTL_TEST_TIMES"
export SWARMCTL_TEST_ENGINE
SWARMCTL_TEST_ENGINE=$(Scripts/testbed/engine.sh address)

passed=yes
Scripts/run-tests.sh "$configuration" "$folder" --no-parallel --filter "$filter" "${skipped[@]}" || passed=no
print_times
[[ $passed == yes ]]
