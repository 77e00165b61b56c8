#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# A cluster in real virtual machines: made by the `qemu` driver from a cloud image, Docker installed over SSH, a
# container that serves over a published port, stopped, started, killed, removed. Prints the wall time of each.
#
# Usage: vm-cluster.sh [--program SWARMCTL] [--image FILE] [--accelerator A] [--store FOLDER]
#   --program SWARMCTL   the program (default .build/debug/swarmctl)
#   --image FILE         the cloud image (default: what vm-image.sh makes)
#   --accelerator A      auto, kvm or tcg (default auto)
#   --store FOLDER       keep what there is when something fails, and go on from there when run again
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cluster=vm-cluster
program=.build/debug/swarmctl
image=
store=
accelerator=auto
port=18180
report=()

# Runs the rest of the line as the phase $1, and keeps its wall time.
phase() {
    local name=$1 start=$EPOCHREALTIME
    shift
    printf '\n==> %s\n' "$name" >&2
    "$@" >&2
    report+=("$(awk -v a="$start" -v b="$EPOCHREALTIME" -v n="$name" 'BEGIN { printf "%-44s %7.1f s", n, b - a }')")
}

create() {
    "$program" create cluster "$cluster" --driver qemu --nodes 1 --qemu-image "$image" \
        --qemu-accelerator "$accelerator" --qemu-publish "$port" -y
}

is_healthy() {
    [[ $(docker info --format '{{json .SystemStatus}}' | grep -o '"Healthy"' | wc -l) -eq 1 ]]
}

# Calls the rest of the line until it succeeds, for $1 seconds at most.
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || die "this did not come true: $*"
        sleep 1
    done
}

serves() {
    [[ $(curl -fsS -m 20 "http://$address:$port/") == "hello from web" ]]
}

run_container() {
    docker load --quiet --input "$folder/busybox.tar"
    docker rm --force web >/dev/null 2>&1 || true
    docker run --detach --restart always --name web --hostname web --publish "$port:80" busybox \
        sh -c 'mkdir -p /www && echo "hello from $(hostname)" >/www/index.html && exec httpd -f -p 80 -h /www'
    eventually 120 serves
    docker exec web cat /www/index.html
    docker ps
}

start_again() {
    "$program" start --timeout 900 "$machine"
    eventually 600 is_healthy
    eventually 120 serves
}

finish() {
    rm -rf "$folder"
    [[ -z $store ]] || return 0
    "$program" rm "$cluster" -y --force >/dev/null 2>&1 || true
    pkill -KILL -f "$SWARMCTL_STORE/machines" || true
    rm -rf "$SWARMCTL_STORE"
}

while (($# > 0)); do
    case $1 in
        --program) program=${2:?} ;;
        --image) image=${2:?} ;;
        --store) store=${2:?} ;;
        --accelerator) accelerator=${2:?} ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "unknown argument \"$1\"" "$0 --help" ;;
    esac
    shift 2
done
need_root "$@"
folder=$(mktemp -d)
SWARMCTL_STORE=${store:-$(mktemp -d)}
export SWARMCTL_STORE
trap finish EXIT
"${BASH_SOURCE[0]%/*}/engine.sh" start >/dev/null
"${BASH_SOURCE[0]%/*}/busybox-image.sh" --save "$folder/busybox.tar"
[[ -n $image ]] || image=$("${BASH_SOURCE[0]%/*}/vm-image.sh")

phase "create a cluster in a virtual machine" create
"$program" ls >&2
eval "$("$program" env "$cluster" --shell bash)"
is_healthy || die "the node is not healthy"
machine=$("$program" ls --format json | grep -o "\"$cluster-[0-9]*\"" | head -n 1 | tr -d '"')
address=$("$program" ip "$machine")
"$program" inspect "$machine" --format '{{json .}}' >&2 || true
phase "run a container that serves" run_container
phase "stop a machine at its power button" "$program" stop "$machine"
phase "start it, until it serves again" start_again
phase "kill it" "$program" kill "$machine"
phase "start it, until it serves again" start_again
phase "remove the cluster" "$program" rm "$cluster" -y
if pgrep -a qemu-system | grep -F "$SWARMCTL_STORE" >&2 || compgen -G "$SWARMCTL_STORE/machines/*" >&2; then
    die "something is left of the machines"
fi
printf '%s\n' "${report[@]}"
