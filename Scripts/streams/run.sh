#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Raw streams and killed clients at a manager over three engines with TLS, which also listens on a socket.
# Prints a line for each form, and exits with 1 when one of them fails.
#
# Usage: run.sh [--mebibytes N] [--traffic S] [--idle S] [--kills N] [--manager PROGRAM]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mebibytes=32 traffic=3 idle=3 kills=40 manager=.build/debug/swarmctl
while (($# > 1)); do
    case $1 in
        --mebibytes) mebibytes=$2 ;;
        --traffic) traffic=$2 ;;
        --idle) idle=$2 ;;
        --kills) kills=$2 ;;
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
process=

finish() {
    local name
    [[ -z $process ]] || kill "$process" 2>/dev/null || true
    [[ -z $process ]] || wait "$process" 2>/dev/null || true
    for name in "${names[@]}"; do
        Scripts/testbed/engine.sh stop "$name" >/dev/null 2>&1 || true
    done
    rm -rf "$folder"
}
trap finish EXIT

start() {
    local index engines=()
    Scripts/testbed/certificates.sh "$folder/certificates"
    for index in 0 1 2; do
        Scripts/testbed/engine.sh start "${names[index]}" --tcp $((24795 + index)) --tls "$folder/certificates" \
            >/dev/null 2>"$folder/start" || { cat "$folder/start" >&2; return 1; }
        Scripts/testbed/busybox-image.sh --engine "${names[index]}" >/dev/null 2>&1
        engines+=("127.0.0.1:$((24795 + index))")
    done
    "$manager" manage --tlsverify --tlscacert="$folder/certificates/ca.pem" --tlscert="$folder/certificates/cert.pem" \
        --tlskey="$folder/certificates/key.pem" -H tcp://127.0.0.1:24799 -H "unix://$folder/sock" \
        "nodes://$(IFS=, && printf '%s' "${engines[*]}")" 2>"$folder/log" &
    process=$!
    for ((index = 0; index < 600; index++)); do
        [[ $(grep -c 'node is healthy' "$folder/log") -lt 3 ]] || return 0
        sleep 0.1
    done
    cat "$folder/log" >&2
    return 1
}

start
status=0
for address in "unix://$folder/sock" tls://127.0.0.1:24799; do
    printf '# %s\n' "${address%%:*}"
    python3 Scripts/streams/matrix.py "$address" --certificates "$folder/certificates" --mebibytes "$mebibytes" \
        --traffic "$traffic" --idle "$idle" || status=1
done
printf '# renewed\n'
python3 Scripts/streams/reload.py tls://127.0.0.1:24799 --certificates "$folder/certificates" || status=1
printf '# killed\n'
python3 Scripts/streams/killed.py tls://127.0.0.1:24799 --certificates "$folder/certificates" --manager "$process" \
    --kills "$kills" || status=1
[[ $status == 0 ]]
