#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs Docker engines of the testbed's own, apart from any engine that the machine has.
#
# Usage: engine.sh start [NAME] [--tcp PORT [--tls FOLDER]] [--suite SUITE]
#                                              start engine NAME (default "default"); print its address.
#                                              Does nothing when it runs. --tcp: also listen on
#                                              127.0.0.1:PORT, without TLS but with --tls, a folder
#                                              with ca.pem, cert.pem, key.pem. --suite: the engine of another
#                                              Debian suite (trixie, sid)
#        engine.sh stop [NAME] [--purge]       remove its containers, networks, bridge and rules, and end
#                                              it; images are kept for the next start, except with --purge
#        engine.sh kill [NAME]                end it and its containers at once, as a power cut does; the
#                                              next start finds everything as it was
#        engine.sh status [NAME]               print "NAME ADDRESS running|stopped" for it, or for all;
#                                              exit with 1 when NAME does not run
#        engine.sh address [NAME]              print its address, whether it runs or not
#        engine.sh exec [NAME] -- COMMAND …    run COMMAND with DOCKER_HOST set to it
#
# Engines start and stop one after the other. State: ${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Prints the first free /24 of 10.231.0.0/16: no route of this machine leads into it or lies in it.
free_subnet() {
    local number subnet
    for number in {0..255}; do
        subnet=10.231.$number.0/24
        if [[ -z $(ip -4 route show root "$subnet") ]] &&
            ! ip -4 route show match "$subnet" | grep -qv '^default'; then
            printf '10.231.%s' "$number"
            return
        fi
    done
    die "no free subnet in 10.231.0.0/16" "remove unused bridges: \`ip -4 route\`"
}

# Makes the engine's bridge, unless it is there: an engine does not make one that it is given by name.
make_bridge() {
    local folder=$1 bridge=$2 prefix
    if ! ip link show "$bridge" >/dev/null 2>&1; then
        prefix=$(free_subnet)
        ip link add "$bridge" type bridge
        ip addr add "$prefix.1/24" dev "$bridge"
        ip link set "$bridge" up
    fi
    printf '%s\n' "$bridge" >"$folder/bridge"
}

# Keeps what engines change in the kernel, once, before the first one.
save_settings() {
    local saved=$testbed_state/saved
    [[ -d $saved ]] && return
    mkdir -p "$saved.new"
    cat /proc/sys/net/ipv4/ip_forward >"$saved.new/ip_forward"
    { iptables -S FORWARD 2>/dev/null || true; } | sed -n 's/^-P FORWARD //p' >"$saved.new/forward_policy"
    cat /proc/sys/fs/inotify/max_user_instances >"$saved.new/max_user_instances"
    mv "$saved.new" "$saved"
}

# Whether there is a dockerd, of whomever; one that ended but was not reaped by its parent is none.
any_engine_runs() {
    local pid
    for pid in $(pgrep -x dockerd); do
        ! is_alive "$pid" || return 0
    done
    return 1
}

# Puts back what save_settings kept and removes the engines' chains, unless some engine still runs.
restore_settings() {
    local saved=$testbed_state/saved folder chain
    for folder in "$testbed_state"/engines/*/; do
        [[ -d $folder ]] && engine_runs "${folder%/}" && return
    done
    [[ -d $saved ]] || return 0
    # An engine that is not ours uses the same chains.
    if any_engine_runs; then
        note "an engine that is not of the testbed runs: its iptables chains stay"
        rm -rf "$saved"
        return
    fi
    remove_rules filter 'DOCKER'
    remove_rules nat 'DOCKER'
    for chain in $(iptables -t filter -S 2>/dev/null | sed -n 's/^-N \(DOCKER.*\)$/\1/p'); do
        iptables -t filter -F "$chain" && iptables -t filter -X "$chain"
    done
    for chain in $(iptables -t nat -S 2>/dev/null | sed -n 's/^-N \(DOCKER.*\)$/\1/p'); do
        iptables -t nat -F "$chain" && iptables -t nat -X "$chain"
    done
    [[ ! -s $saved/forward_policy ]] || iptables -P FORWARD "$(cat "$saved/forward_policy")"
    cat "$saved/ip_forward" >/proc/sys/net/ipv4/ip_forward
    [[ ! -s $saved/max_user_instances ]] || cat "$saved/max_user_instances" >/proc/sys/fs/inotify/max_user_instances
    rm -rf "$saved"
}

# Deletes the rules of table $1 that name a bridge, chain or address matching $2.
remove_rules() {
    local table=$1 pattern=$2 rule
    while read -r rule; do
        read -ra words <<<"${rule/#-A/-D}"
        iptables -t "$table" "${words[@]}" 2>/dev/null || true
    done < <(iptables -t "$table" -S 2>/dev/null | grep -E "^-A .*($pattern)" || true)
}

start_daemon() {
    local folder=$1 bridge=$2 tcp=$3 suite=$4 hosts program=(dockerd)
    [[ -z $suite ]] || program=("$(dirname "${BASH_SOURCE[0]}")/suite.sh" run "$suite" dockerd)
    hosts=(-H "unix://$folder/sock")
    [[ -z $tcp ]] || hosts+=(-H "tcp://127.0.0.1:$tcp")
    # A plain TCP listener makes some versions wait 15 s, unless the absence of TLS is said aloud.
    [[ -z $tcp || -n $tls ]] || hosts+=(--tls=false)
    [[ -z $tls ]] || hosts+=(--tlsverify --tlscacert "$tls/ca.pem" --tlscert "$tls/cert.pem" --tlskey "$tls/key.pem")
    # Each engine has a host name of its own, which is what a cluster calls its node.
    # shellcheck disable=SC2016
    # Go's collector runs less often: an engine starts itself anew several times for each container, for milliseconds.
    GOGC=200 setsid unshare --uts sh -c 'hostname "$1"; shift; exec "$@"' sh "${folder##*/}" "${program[@]}" --config-file "$folder/daemon.json" --data-root "$folder/data" --exec-root "$folder/exec" \
        --pidfile "$folder/pid" --bridge "$bridge" "${hosts[@]}" >>"$folder/log" 2>&1 </dev/null 9>&- &
    daemon=$!
    disown
}

# Twenty systemds, and what runs in them, need more watches than the kernel grants one user.
raise_limits() {
    local limit=/proc/sys/fs/inotify/max_user_instances
    (($(cat "$limit") >= 2048)) || echo 2048 >"$limit" 2>/dev/null || note "cannot raise $limit: few hosts will start"
}

start() {
    local folder=$1 tcp=$2 suite=$3 settings="" bridge attempt
    if engine_runs "$folder" && engine_answers "unix://$folder/sock"; then
        if [[ $tcp != "$(cat "$folder/tcp" 2>/dev/null || true)" && -n $tcp ]]; then
            die "engine \"${folder##*/}\" runs without the listener on port $tcp" "stop it first: \`$0 stop ${folder##*/}\`"
        fi
        return
    fi
    command -v dockerd >/dev/null || die "dockerd is not installed" "run \`$(dirname "$0")/install-packages.sh\`"
    mkdir -p "$folder"
    save_settings
    raise_limits
    bridge=swt-$(printf '%s' "$folder" | cksum | cut -d' ' -f1 | cut -c1-10)
    make_bridge "$folder" "$bridge"
    printf '%s\n' "$tcp" >"$folder/tcp"
    # oom-score-adjust: lowering it takes CAP_SYS_RESOURCE. The key's path: engines of one machine would share an
    # id. Newer engines know neither, lower nothing, and keep their id with their data.
    [[ -n $suite ]] || settings='"oom-score-adjust": 0, "deprecated-key-path": "'$folder/key.json'", '
    # The pools keep away from usual home networks.
    printf '%s\n' "{$settings"'"max-concurrent-downloads": 3, "shutdown-timeout": 5,' \
        '"default-address-pools": [{"base": "10.232.0.0/16", "size": 24}]}' >"$folder/daemon.json"
    end_orphans "$folder"
    rm -f "$folder/pid" "$folder/sock"
    start_daemon "$folder" "$bridge" "$tcp" "$suite"
    # 60 s in steps of 0.1 s: the engine tells nobody when it is ready.
    for ((attempt = 0; attempt < 600; attempt++)); do
        ! engine_answers "unix://$folder/sock" || return 0
        is_alive "$daemon" || break
        sleep 0.1
    done
    tail -n 20 "$folder/log" >&2
    die "engine \"${folder##*/}\" did not start" "see $folder/log"
}

# Whether process $1 runs; one that ended but was not reaped by its parent does not.
is_alive() {
    [[ -r /proc/$1/status ]] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# Ends process $1: gently, and after $2 tenths of a second by force.
end_process() {
    local pid=$1 attempt
    kill "$pid" 2>/dev/null || return 0
    for ((attempt = 0; attempt < $2; attempt++)); do
        is_alive "$pid" || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

# Ends what an engine that was killed leaves behind: its containerd, which a new engine could not use,
# and with "all" also its containers.
end_orphans() {
    local folder=$1 pid init
    while read -r pid; do
        end_process "$pid" 50
    done < <(pgrep -f "^[^ ]*containerd --config $folder/exec/" || true)
    rm -f "$folder"/exec/containerd/containerd.{pid,sock}
    [[ ${2:-} == all ]] || return 0
    while read -r pid; do
        for init in $(pgrep -P "$pid" || true); do
            kill -KILL "$init" 2>/dev/null || true
        done
        end_process "$pid" 50
    done < <(pgrep -f "^[^ ]*containerd-shim.* $folder/exec/" || true)
}

remove_containers_and_networks() {
    docker_host=unix://$1/sock
    local ids
    mapfile -t ids < <(engine_docker ps -aq)
    ((${#ids[@]} == 0)) || engine_docker rm -f -v "${ids[@]}" >/dev/null || true
    engine_docker network prune -f >/dev/null || true
    mapfile -t ids < <(engine_docker volume ls -q)
    ((${#ids[@]} == 0)) || engine_docker volume rm "${ids[@]}" >/dev/null || true
}

stop() {
    local folder=$1 purge=$2 bridge prefix pid mount
    [[ -d $folder ]] || return 0
    bridge=$(cat "$folder/bridge" 2>/dev/null || true)
    # Without its bridge, which a stop before this one removed, there is no prefix either.
    prefix=$({ ip -4 -o addr show dev "$bridge" 2>/dev/null || true; } |
        sed -n 's/.* inet \([0-9]*\.[0-9]*\.[0-9]*\.\).*/\1/p')
    # Only the engine knows the networks that it made: one that was killed is started to remove them.
    if [[ -d $folder/exec ]] && ! engine_runs "$folder"; then
        (start "$folder" "" "") || note "what engine \"${folder##*/}\" made may be left"
    fi
    if engine_runs "$folder"; then
        pid=$(cat "$folder/pid")
        # A frozen engine would never answer, and never end.
        kill -CONT "$pid"
        ! engine_answers "unix://$folder/sock" || remove_containers_and_networks "$folder"
        end_process "$pid" 300
    fi
    end_orphans "$folder" all
    while read -r mount; do
        umount -l "$mount" 2>/dev/null || true
    done < <(awk -v root="$folder/" 'index($2, root) == 1 { print $2 }' /proc/self/mounts | sort -r)
    if [[ -n $bridge ]]; then
        remove_rules filter "$bridge"
        remove_rules nat "$bridge"
        [[ -z $prefix ]] || remove_rules nat "${prefix//./\\.}"
        ip link del "$bridge" 2>/dev/null || true
    fi
    rm -rf "$folder/pid" "$folder/sock" "$folder/exec" "$folder/tcp" "$folder/bridge"
    [[ -z $purge ]] || rm -rf "$folder"
    restore_settings
}

status() {
    local folder=$1 state=stopped
    engine_runs "$folder" && engine_answers "unix://$folder/sock" && state=running
    printf '%s unix://%s/sock %s\n' "${folder##*/}" "$folder" "$state"
    [[ $state == running ]]
}

verb=${1:-}
(($# == 0)) || shift
name=
tcp=
tls=
suite=
purge=
while (($# > 0)); do
    case $1 in
        --tcp)
            tcp=${2:-}
            [[ $tcp =~ ^[0-9]+$ ]] || die "--tcp takes a port, not \"$tcp\""
            shift
            ;;
        --tls)
            tls=${2:?}
            shift
            ;;
        --suite)
            suite=${2:?}
            "$(dirname "${BASH_SOURCE[0]}")/suite.sh" root "$suite" >/dev/null
            shift
            ;;
        --purge) purge=1 ;;
        --)
            shift
            break
            ;;
        -*) die "unknown option \"$1\"" "$0 --help" ;;
        *)
            [[ -z $name ]] || die "one engine at a time, not also \"$1\""
            name=$1
            ;;
    esac
    shift
done
folder=$(engine_folder "${name:-default}")

case $verb in
    start)
        need_root "$verb"
        take_lock lock
        start "$folder" "$tcp" "$suite"
        printf 'unix://%s/sock\n' "$folder"
        ;;
    stop)
        need_root "$verb"
        take_lock lock
        stop "$folder" "$purge"
        ;;
    kill)
        need_root "$verb"
        take_lock lock
        if engine_runs "$folder"; then
            kill -KILL "$(cat "$folder/pid")"
        fi
        end_orphans "$folder" all
        ;;
    status)
        if [[ -n $name ]]; then
            status "$folder"
        else
            for folder in "$testbed_state"/engines/*/; do
                [[ ! -d $folder ]] || status "${folder%/}" || true
            done
        fi
        ;;
    address) printf 'unix://%s/sock\n' "$folder" ;;
    exec)
        (($# > 0)) || die "exec needs a command after --"
        exec env -u DOCKER_TLS_VERIFY -u DOCKER_CERT_PATH -u DOCKER_CONTEXT DOCKER_HOST="unix://$folder/sock" "$@"
        ;;
    -h | --help | help) usage ;;
    *)
        usage >&2
        exit 64
        ;;
esac
