#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Real engines: create and start of containers, and `docker cp` of a file in and out, through a manager of three engines
# and the same straight to one of them, all with TLS. Prints times, their ratio, and what the manager took. Asserts only
# that every request succeeds.
#
# Usage: real-engines.sh [--count N] [--clients N] [--mebibytes N] [--rounds N]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
count=500 clients=4 mebibytes=1024 rounds=3
while (($# > 1)); do
    case $1 in
        --count) count=$2 ;;
        --clients) clients=$2 ;;
        --mebibytes) mebibytes=$2 ;;
        --rounds) rounds=$2 ;;
        *)
            sed -n '/^# Usage/p' "$0" >&2
            exit 64
            ;;
    esac
    shift 2
done
folder=$(mktemp -d)
names=(bench-1 bench-2 bench-3)
ports=(24895 24896 24897)
port=24899
manager=

finish() {
    local name
    [[ -z $manager ]] || kill "$manager" 2>/dev/null || true
    [[ -z $manager ]] || wait "$manager" 2>/dev/null || true
    for name in "${names[@]}"; do
        Scripts/testbed/engine.sh stop "$name" >/dev/null 2>&1 || true
    done
    rm -rf "$folder"
}
trap finish EXIT

start() {
    local index attempt
    Scripts/testbed/certificates.sh "$folder/tls"
    for index in 0 1 2; do
        Scripts/testbed/engine.sh start "${names[index]}" --tcp "${ports[index]}" --tls "$folder/tls" >/dev/null
        Scripts/testbed/busybox-image.sh --engine "${names[index]}" >/dev/null
        printf '127.0.0.1:%s\n' "${ports[index]}" >>"$folder/members"
    done
    .build/swarmd manage --tlsverify --tlscacert="$folder/tls/ca.pem" --tlscert="$folder/tls/cert.pem" \
        --tlskey="$folder/tls/key.pem" -H "tcp://127.0.0.1:$port" --state-dir "$folder/state" \
        "file://$folder/members" 2>"$folder/log" &
    manager=$!
    for ((attempt = 0; attempt < 600; attempt++)); do
        [[ $(grep -c 'node is healthy' "$folder/log") -lt 3 ]] || return 0
        sleep 0.1
    done
    cat "$folder/log" >&2
    return 1
}

# docker at port $1; the rest of the line are its arguments.
client() {
    local at=$1
    shift
    docker --host "tcp://127.0.0.1:$at" --tlsverify --tlscacert "$folder/tls/ca.pem" --tlscert "$folder/tls/cert.pem" \
        --tlskey "$folder/tls/key.pem" "$@"
}

# The seconds that the rest of the line takes.
seconds() {
    local start=$EPOCHREALTIME
    "$@"
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'
}

copy_in() { client "$1" cp - bench-copy:/ <"$folder/archive"; }
copy_out() { client "$1" cp bench-copy:/data - >/dev/null; }
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$manager/status"; }

copies() {
    local direction round before
    head -c "$((mebibytes << 20))" /dev/urandom >"$folder/data"
    tar -C "$folder" -cf "$folder/archive" data
    rm "$folder/data"
    client "$port" create --name bench-copy -e constraint:node==/.*/ busybox true >/dev/null
    owner=$(client "$port" inspect --format '{{.Node.Addr}}' bench-copy)
    for direction in in out; do
        before=$(peak)
        : >"$folder/direct" && : >"$folder/managed"
        for ((round = 0; round < rounds; round++)); do
            seconds "copy_$direction" "${owner##*:}" >>"$folder/direct"
            seconds "copy_$direction" "$port" >>"$folder/managed"
        done
        paste -d ' ' <(sort -n "$folder/direct") <(sort -n "$folder/managed") |
            awk -v d="$direction" -v m="$mebibytes" -v n="$rounds" -v k="$(($(peak) - before))" 'NR == int((n + 1) / 2) {
                printf "docker cp %s, %d MiB, median of %d: direct %.2f s, %.0f MiB/s; manager %.2f s, %.0f MiB/s; " \
                    "rate %.2f of direct; %d KiB more memory\n", d, m, n, $1, m / $1, $2, m / $2, $1 / $2, k }'
    done
}

start
python3 Scripts/bench/creates.py --certificates "$folder/tls" --direct "${ports[0]}" --manager "$port" \
    --process "$manager" --count "$count" --clients "$clients"
copies
