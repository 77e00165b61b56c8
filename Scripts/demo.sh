#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# A three-node cluster on this machine: three hosts with systemd and sshd, Docker installed in each
# over SSH, a manager with mutual TLS, six containers spread over the nodes, a published port.
# What is there from an earlier run is used again. `clean-demo.sh` removes all of it.
#
# Usage: demo.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cluster=demo
swarmctl=.build/debug/swarmctl
folder=.build/demo
report=()
mkdir -p "$folder"

# Runs the rest of the line as the phase $1, and keeps its wall time.
phase() {
    local name=$1 start=$EPOCHREALTIME
    shift
    printf '\n==> %s\n' "$name"
    "$@"
    report+=("$(awk -v a="$start" -v b="$EPOCHREALTIME" -v n="$name" 'BEGIN { printf "%-42s %6.1f s", n, b - a }')")
}

prepare_hosts() {
    Scripts/testbed/engine.sh start >/dev/null
    Scripts/testbed/node-image.sh
    Scripts/testbed/busybox-image.sh --save "$folder/busybox.tar"
}

create_cluster() {
    "$swarmctl" create cluster "$cluster" --driver local --nodes 3 -y
    "$swarmctl" ls
}

connect() {
    eval "$("$swarmctl" env "$cluster" --shell bash)"
    printf 'DOCKER_HOST=%s\n' "$DOCKER_HOST"
    docker load --quiet --input "$folder/busybox.tar"
}

run_containers() {
    local number
    docker ps --all --quiet --filter label=swarmctl.demo | xargs --no-run-if-empty docker rm --force >/dev/null
    docker run --detach --label swarmctl.demo --name web-1 --publish 8080:80 busybox \
        sh -c 'mkdir /www && echo "hello from $(hostname)" > /www/index.html && exec httpd -f -p 80 -h /www' >/dev/null
    for number in 2 3 4 5 6; do
        docker run --detach --label swarmctl.demo --name "web-$number" busybox sleep 86400 >/dev/null
    done
    docker ps --filter label=swarmctl.demo --format 'table {{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}'
    docker ps --filter label=swarmctl.demo --format '{{.Names}}' | sed 's,/.*,,' | sort | uniq -c |
        awk '{ printf "%s runs %d\n", $2, $1 }'
}

ask_port() {
    local address
    address=$(docker port web-1 80/tcp | head -n 1)
    printf 'http://%s says: ' "$address"
    curl --fail --silent --show-error --retry 10 --retry-connrefused --retry-delay 1 "http://$address/"
}

show_info() {
    docker info --format '{{range .SystemStatus}}{{index . 0}}: {{index . 1}}
{{end}}' 2>/dev/null | grep -E 'Role|Strategy|Nodes|^ [^ ]|Status|Containers' ||
        docker info
}

phase 'local engine and host image' prepare_hosts
phase 'create cluster (hosts, Docker, certificates)' create_cluster
phase 'load an image through the manager' connect
phase 'run six containers' run_containers
phase 'ask the published port' ask_port
phase 'docker info' show_info

printf '\nWall time of each phase:\n'
printf '  %s\n' "${report[@]}"
printf '\nGo on with:  eval "$%s"; docker run --rm busybox hostname\n' "($swarmctl env $cluster)"
printf 'Remove with: make clean-demo\n'
