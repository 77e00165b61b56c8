# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
# shellcheck shell=bash
#
# What the testbed scripts share. Sourced, never run.
#
# Everything lives under one folder, ${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}:
#   engines/NAME/   one engine: sock, pid, log, data and exec roots, bridge, subnet, tcp
#   cache/          root file systems and image tars, so that a second build takes seconds
#   saved/          kernel settings as they were before the first engine, put back after the last
#   lock            taken while engines start and stop, because they race on iptables chains

testbed_state=${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}

die() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    if [[ -n ${2:-} ]]; then
        printf '\nHint: %s\n' "$2" >&2
    fi
    exit 1
}

note() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Prints the comment block at the top of a script, from its "Usage:" line on.
usage() {
    sed -n '/^# Usage:/,/^[^#]/{/^#/{s/^# \{0,1\}//;p}}' "$0"
}

need_root() {
    [[ $(id -u) -eq 0 ]] || die "this needs root" "sudo $0 $*"
}

# The folder of engine $1. The path of a socket may have 107 bytes, so names are short.
engine_folder() {
    [[ $1 =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] ||
        die "\"$1\" cannot be the name of an engine" "use up to 31 of a-z, 0-9 and -"
    printf '%s/engines/%s' "$testbed_state" "$1"
}

# Whether the engine in folder $1 is a process that runs: its pid may be that of another by now.
engine_runs() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "unix://$1/sock"
}

# Whether an engine answers at the address $1 (unix:///path or tcp://host:port).
engine_answers() {
    case $1 in
        unix://*) [[ $(curl -fsS -m 5 --unix-socket "${1#unix://}" http://engine/_ping 2>/dev/null) == OK ]] ;;
        tcp://*) [[ $(curl -fsS -m 5 "http://${1#tcp://}/_ping" 2>/dev/null) == OK ]] ;;
        *) die "\"$1\" is no address of an engine" "use unix:///PATH or tcp://HOST:PORT" ;;
    esac
}

# Takes the lock named $1 until this script ends; file descriptor 9 must not reach daemons.
take_lock() {
    mkdir -p "$testbed_state"
    exec 9>"$testbed_state/$1"
    flock 9
}

# Reads the options that the image scripts share and sets docker_host and force.
# shellcheck disable=SC2034  # force is read by the scripts
parse_image_options() {
    docker_host=
    force=
    rest=()
    while (($# > 0)); do
        case $1 in
            --engine)
                docker_host=unix://$(engine_folder "${2:?}")/sock
                shift
                ;;
            --docker-host)
                docker_host=${2:?}
                shift
                ;;
            --force) force=1 ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) rest+=("$1") ;;
        esac
        shift
    done
    [[ -n $docker_host ]] || docker_host=unix://$(engine_folder default)/sock
}

need_engine() {
    engine_answers "$docker_host" ||
        die "no engine answers at $docker_host" "run \`${BASH_SOURCE[0]%/*}/engine.sh start\`"
}

# The docker CLI, at the engine that was chosen and not at one that the environment names.
engine_docker() {
    env -u DOCKER_TLS_VERIFY -u DOCKER_CERT_PATH -u DOCKER_CONTEXT DOCKER_HOST="$docker_host" docker "$@"
}

has_image() {
    engine_docker image inspect "$1" >/dev/null 2>&1
}
