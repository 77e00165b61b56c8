#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Raw streams and killed clients at a manager over three engines with TLS, which also listens on a socket, and at a
# replica of it. Prints a line for each form, and exits with 1 when one of them fails.
#
# Usage: run.sh [--mebibytes N] [--traffic S] [--idle S] [--late S] [--kills N] [--at-once yes] [--manager PROGRAM]
#
# --late: how long a program waits before it reads what it is sent. --at-once: the three ways to the engines side
# by side, instead of one after the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mebibytes=32 traffic=3 idle=3 late=40 kills=40 at_once='' manager=.build/debug/swarmctl
while (($# > 1)); do
    case $1 in
        --mebibytes) mebibytes=$2 ;;
        --traffic) traffic=$2 ;;
        --idle) idle=$2 ;;
        --late) late=$2 ;;
        --kills) kills=$2 ;;
        --at-once) at_once=$2 ;;
        --manager) manager=$2 ;;
        *)
            sed -n '/^# Usage/p' "$0" >&2
            exit 64
            ;;
    esac
    shift 2
done
folder=$(mktemp -d)
export PYTHONDONTWRITEBYTECODE=1
names=(streams-1 streams-2 streams-3)
processes=()

finish() {
    local process name
    for process in "${processes[@]}"; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    for name in "${names[@]}"; do
        Scripts/testbed/engine.sh stop "$name" >/dev/null 2>&1 || true
    done
    Scripts/testbed/store.sh stop etcd streams --purge >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT

# Starts one of the managers: its name, its port, and more addresses to listen on.
start_manager() {
    local name=$1 port=$2
    shift 2
    "$manager" manage --tlsverify --tlscacert="$folder/certificates/ca.pem" --tlscert="$folder/certificates/cert.pem" \
        --tlskey="$folder/certificates/key.pem" -H "tcp://127.0.0.1:$port" "$@" --replication \
        --advertise "127.0.0.1:$port" --replication-ttl 60s --state-dir "$folder/$name" "$discovery" 2>"$folder/$name.log" &
    processes+=($!)
}

# Waits up to a minute until the log of manager $1 has $2 lines with $3.
await_log() {
    local attempt
    for ((attempt = 0; attempt < 600; attempt++)); do
        [[ $(grep -c "$3" "$folder/$1.log") -lt $2 ]] || return 0
        sleep 0.1
    done
    cat "$folder/$1.log" >&2
    return 1
}

start() {
    local index
    Scripts/testbed/certificates.sh "$folder/certificates"
    discovery=etcd://$(Scripts/testbed/store.sh start etcd streams)/streams-$$
    for index in 0 1 2; do
        Scripts/testbed/engine.sh start "${names[index]}" --tcp $((24795 + index)) --tls "$folder/certificates" \
            >/dev/null 2>"$folder/start" || { cat "$folder/start" >&2; return 1; }
        Scripts/testbed/busybox-image.sh --engine "${names[index]}" >/dev/null 2>&1
        "$manager" join --advertise "127.0.0.1:$((24795 + index))" "$discovery" 2>"$folder/join-$index.log" &
        processes+=($!)
    done
    start_manager leader 24799 -H "unix://$folder/sock"
    leader=${processes[-1]}
    await_log leader 1 'leads the cluster'
    start_manager replica 24798
    await_log leader 3 'node is healthy'
    await_log replica 3 'node is healthy'
}

# All forms of streams at one address.
try_streams() {
    python3 Scripts/streams/matrix.py "$2" --certificates "$folder/certificates" --mebibytes "$mebibytes" \
        --traffic "$traffic" --idle "$idle" --late "$late" --label "$1" && return
    touch "$folder/failed"
}

start
try_streams socket "unix://$folder/sock" &
rows=($!)
[[ -n $at_once ]] || wait "${rows[@]}"
try_streams tls tls://127.0.0.1:24799 &
rows+=($!)
[[ -n $at_once ]] || wait "${rows[@]}"
try_streams replica tls://127.0.0.1:24798 &
rows+=($!)
wait "${rows[@]}"
python3 Scripts/streams/reload.py tls://127.0.0.1:24799 --certificates "$folder/certificates" || touch "$folder/failed"
python3 Scripts/streams/killed.py tls://127.0.0.1:24799 --certificates "$folder/certificates" --manager "$leader" \
    --kills "$kills" || touch "$folder/failed"
[[ ! -e $folder/failed ]]
