#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# What takes longer than two minutes: twenty hosts made at once, beside one host made in the same run, of which it
# prints the wall times and their ratio and asserts only that both clusters work; an outage of a minute of every
# discovery store; certificates and authority renewed by a program that is killed at each of its steps, under load;
# fifty faults of three managers on three hosts and of the store on them, with the times to a leader; two thousand
# creates by 32 clients on three engines; each promise of a driver with the real VBoxManage; raw streams of a gibibyte,
# held for 40 minutes, and a thousand killed clients; a cluster in a virtual machine, emulated where there is no
# hypervisor. Between them what other software has to say: a driver plug-in on Go's own net/rpc, and OpenStack's
# keystone.
#
# Usage: soak.sh [HOSTS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
hosts=${1:-20}
swarmctl=.build/release/swarmctl
SWARMCTL_STORE=$(mktemp -d)
export SWARMCTL_STORE

remove_clusters() {
    local cluster
    for cluster in soak-one soak-many; do
        "$swarmctl" rm "$cluster" -y --force >/dev/null 2>&1 || true
    done
    rm -rf "$SWARMCTL_STORE"
}
trap remove_clusters EXIT

# Makes cluster $1 of $2 hosts that have Docker, checks that all are Healthy, and prints the seconds it took.
make_cluster() {
    local name=$1 nodes=$2 start=$EPOCHREALTIME healthy
    "$swarmctl" create cluster "$name" --driver local --nodes "$nodes" --local-image swarmctl/node:docker -y >&2
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", b - a }'
    eval "$("$swarmctl" env "$name" --shell bash)"
    healthy=$(docker info --format '{{json .SystemStatus}}' | grep -o '"Healthy"' | wc -l)
    [[ $healthy -eq $nodes ]] || { printf '%s of %s nodes are Healthy\n' "$healthy" "$nodes" >&2; return 1; }
}

Scripts/testbed/engine.sh start >/dev/null
Scripts/testbed/node-image.sh --variant all
one=$(make_cluster soak-one 1)
many=$(make_cluster soak-many "$hosts")
printf 'one host: %s s\n%s hosts in parallel: %s s\nratio: %s\n' "$one" "$hosts" "$many" \
    "$(awk -v a="$one" -v b="$many" 'BEGIN { printf "%.1f", b / a }')"

swift build --build-tests
Scripts/integration.sh debug StoreSoakTests
Scripts/integration.sh debug RotationSoakTests
SWARMCTL_TEST_PLUGINS=$(Scripts/testbed/go-plugin.sh) swift test --skip-build --filter PluginDriverTests
Scripts/integration.sh debug KeystoneSoakTests
Scripts/integration.sh debug ExpirySoakTests
SWARMCTL_TEST_CREATES=2000 Scripts/integration.sh debug ConcurrentCreateIntegrationTests
Scripts/integration.sh debug ConformanceSoakTests

mkdir -p .build/integration
Scripts/testbed/busybox-image.sh --save .build/integration/busybox.tar
python3 Scripts/failover/rounds.py --hosts soak-managers --image .build/integration/busybox.tar --program "$swarmctl" \
    --rounds 50 --ttl 10 --frozen 40 --pause 0.7
Scripts/streams/run.sh --mebibytes 1024 --traffic 1800 --idle 600 --kills 1000 --at-once yes

Scripts/testbed/vm-cluster.sh --program "$swarmctl"
