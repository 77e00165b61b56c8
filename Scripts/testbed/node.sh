#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs a host, as a system container with systemd and sshd, on a testbed engine. For tests that need a
# host without the `local` driver; the driver makes such containers itself.
#
# Usage: node.sh run NAME [--key FILE] [--image IMAGE] [--engine NAME | --docker-host URL]
#                      start it, wait until SSH answers, print its IPv4 address; one that runs is kept.
#                      --key: the public key for root. Default image: swarmctl/node:bookworm
#        node.sh rm NAME … [--engine NAME | --docker-host URL]
#                      remove hosts with their volumes; one that is not there counts as removed
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Sets privileges to the options of `docker run` that let systemd and a nested engine work here.
choose_privileges() {
    local bounding number=0 name
    bounding=$((16#$(sed -n 's/^CapBnd:\s*//p' /proc/self/status)))
    # As many as Linux 3.16 has: engines refuse names that they do not know.
    local names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
        NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
        SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
        AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ)
    privileges=(--security-opt seccomp=unconfined --security-opt apparmor=unconfined
        --security-opt systempaths=unconfined --device-cgroup-rule 'a *:* rwm')
    for name in "${names[@]}"; do
        if ((bounding >> number & 1)); then
            privileges+=(--cap-add "$name")
        else
            privileges+=(--cap-drop "$name")
        fi
        number=$((number + 1))
    done
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        privileges+=(--cgroupns private)
    else
        privileges+=(--cgroupns host -v /sys/fs/cgroup:/sys/fs/cgroup:rw)
    fi
}

node_address() {
    engine_docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1" | cut -d' ' -f1
}

run_node() {
    local name=$1 key=$2 image=$3 privileges=() address attempt
    if [[ $(engine_docker inspect -f '{{.State.Running}}' "$name" 2>/dev/null) != true ]]; then
        engine_docker rm -f -v "$name" >/dev/null 2>&1 || true
        choose_privileges
        engine_docker create --name "$name" --hostname "$name" --stop-signal SIGRTMIN+3 -e container=docker \
            --tmpfs /run --tmpfs /run/lock --tmpfs /tmp:exec -v /var/lib/docker -v /var/lib/containerd \
            "${privileges[@]}" "$image" >/dev/null
        if [[ -n $key ]]; then
            put_key "$name" "$key"
        fi
        engine_docker start "$name" >/dev/null
    fi
    address=$(node_address "$name")
    # 60 s in steps of 0.1 s, until sshd sends its greeting.
    for ((attempt = 0; attempt < 600; attempt++)); do
        if greets "$address"; then
            printf '%s\n' "$address"
            return
        fi
        sleep 0.1
    done
    die "host \"$name\" at $address does not answer on port 22" "see \`docker logs $name\`"
}

# Whether sshd answers at address $1.
greets() {
    local greeting
    { exec 3<>"/dev/tcp/$1/22"; } 2>/dev/null || return 1
    IFS= read -r -t 5 greeting <&3 || true
    exec 3>&-
    [[ $greeting == SSH-* ]]
}

put_key() {
    local work
    work=$(mktemp -d)
    install -d -m 700 "$work/.ssh"
    install -m 600 "$2" "$work/.ssh/authorized_keys"
    tar -C "$work" --numeric-owner --owner=0 --group=0 -c .ssh | engine_docker cp - "$1:/root"
    rm -rf "$work"
}

verb=${1:-}
(($# == 0)) || shift
parse_image_options "$@"
case $verb in
    run)
        name=${rest[0]:-}
        key=
        image=swarmctl/node:bookworm
        [[ -n $name ]] || die "run needs a name" "$0 --help"
        for ((index = 1; index < ${#rest[@]}; index += 2)); do
            case ${rest[index]} in
                --key) key=${rest[index + 1]:?} ;;
                --image) image=${rest[index + 1]:?} ;;
                *) die "unknown argument \"${rest[index]}\"" "$0 --help" ;;
            esac
        done
        need_engine
        run_node "$name" "$key" "$image"
        ;;
    rm)
        need_engine
        for name in "${rest[@]}"; do
            engine_docker rm -f -v "$name" >/dev/null 2>&1 || true
        done
        ;;
    -h | --help | help) usage ;;
    *)
        usage >&2
        exit 64
        ;;
esac
