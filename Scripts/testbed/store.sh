#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs servers of etcd, Consul, ZooKeeper and our own manager for tests, each with a data folder and loopback
# ports of its own.
#
# Usage: store.sh start KIND NAME [--tls] [--auth]   start server NAME of KIND (etcd, consul, zk, swarm or token);
#                                                    print its HOST:PORT. One that was stopped starts again with its data
#                                                    and its port; one that runs is kept.
#                                                    --tls: clients must show a certificate (see below)
#                                                    --auth: etcd: users root/root-secret and swarm/swarm-secret;
#                                                    Consul: ACL, token 5e1f0d50-0000-4000-8000-000000000001
#        store.sh stop KIND NAME [--kill] [--wipe] [--purge]
#                                                    end it; --kill: by SIGKILL; --wipe: and remove its data;
#                                                    --purge: and remove its folder
#        store.sh stop-all                           end all and remove their folders
#        store.sh folder KIND NAME                   print its folder: log, data; with --tls ca.pem, other-ca.pem,
#                                                    client.pem, client-key.pem for 127.0.0.1, and such of an
#                                                    operator and of nobody, who has no role
#        store.sh renew KIND NAME                    put certificates of a new authority in place of those in the
#                                                    folder; the server takes them when it starts again
#        store.sh compact etcd NAME                  compact etcd's history up to now
#
# Environment: SWARMCTL_TEST_SWARMD: the swarmd for swarm and token (default: the static one of the checkout).
# State: ${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}/stores. Consul is unpacked from Debian 11's package.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mirror=${SWARMCTL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
acl_token=5e1f0d50-0000-4000-8000-000000000001

# Prints a loopback port that nobody listens on, below those that the kernel gives to clients.
free_port() {
    local port
    for ((; ;)); do
        port=$((20000 + RANDOM % 12000))
        if ! { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && ! grep -qsx "$port" "$stores"/*/ports; then
            printf '%s\n' "$port"
            return
        fi
        exec 3>&- || true
    done
}

# Whether the server in folder $1 is a process that runs.
server_runs() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] && grep -qsF "$1" "/proc/$pid/cmdline" && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status"
}

make_certificates() {
    [[ ! -s $folder/client.pem ]] || return 0
    local name
    for name in ca other-ca; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$name" \
            -keyout "$folder/$name-key.pem" -out "$folder/$name.pem" 2>/dev/null
    done
    for name in operator nobody; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$folder/$name-key.pem" \
            -subj "/O=it$([[ $name == nobody ]] || printf /OU=operator)/CN=$name" -out "$folder/$name.csr" 2>/dev/null
        openssl x509 -req -in "$folder/$name.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca-key.pem" -CAcreateserial \
            -days 30 -out "$folder/$name.pem" 2>/dev/null -extfile <(printf 'extendedKeyUsage=clientAuth\n')
    done
    for name in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/O=swarmctl" \
            -keyout "$folder/$name-key.pem" -out "$folder/$name.csr" 2>/dev/null
        openssl x509 -req -in "$folder/$name.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca-key.pem" -CAcreateserial \
            -days 30 -out "$folder/$name.pem" 2>/dev/null -extfile <(printf '%s\n' \
            'subjectAltName=IP:127.0.0.1,DNS:localhost' 'extendedKeyUsage=serverAuth,clientAuth')
    done
    cat "$folder/server-key.pem" "$folder/server.pem" >"$folder/server-both.pem"
}

run_server() {
    (
        # A caller may wait until what it gave us besides the standard streams is closed.
        for descriptor in /proc/"$BASHPID"/fd/*; do
            descriptor=${descriptor##*/}
            ((descriptor <= 2)) || eval "exec $descriptor>&-"
        done
        cd "$folder" && exec setsid "$@"
    ) >>"$folder/log" 2>&1 </dev/null &
    printf '%s\n' $! >"$folder/pid"
    disown
}

# curl of path $1 with more options, and with the client's certificate where the server wants one.
call() {
    local path=$1 scheme=http options=("${@:2}")
    if [[ -e $folder/tls ]]; then
        scheme=https
        options+=(--cacert "$folder/ca.pem" --cert "$folder/client.pem" --key "$folder/client-key.pem")
    fi
    curl -fsS -m 5 "${options[@]}" "$scheme://127.0.0.1:${ports[0]}$path"
}

# Calls etcd's gateway: path, body, token.
etcd_call() {
    local header=()
    [[ -z ${3:-} ]] || header=(-H "Authorization: $3")
    call "$1" -X POST -d "$2" "${header[@]}"
}

etcd_token() {
    [[ -e $folder/auth ]] || return 0
    etcd_call /v3/auth/authenticate '{"name":"root","password":"root-secret"}' | sed -n 's/.*"token":"\([^"]*\)".*/\1/p'
}

start_etcd() {
    local scheme=http options=()
    if [[ -e $folder/tls ]]; then
        scheme=https
        options=(--client-cert-auth --trusted-ca-file "$folder/ca.pem" --cert-file "$folder/server.pem"
            --key-file "$folder/server-key.pem")
    fi
    run_server etcd --name "$name" --data-dir "$folder/data" --heartbeat-interval 50 --election-timeout 500 \
        --listen-client-urls "$scheme://127.0.0.1:${ports[0]}" --advertise-client-urls "$scheme://127.0.0.1:${ports[0]}" \
        --listen-peer-urls "http://127.0.0.1:${ports[1]}" --initial-advertise-peer-urls "http://127.0.0.1:${ports[1]}" \
        --initial-cluster "$name=http://127.0.0.1:${ports[1]}" "${options[@]}"
}

etcd_ready() { [[ $(call /health 2>/dev/null) == *'"health":"true"'* ]]; }

etcd_users() {
    local user
    [[ -e $folder/auth && ! -e $folder/users ]] || return 0
    for user in root swarm; do
        etcd_call /v3/auth/user/add "{\"name\":\"$user\",\"password\":\"$user-secret\"}" >/dev/null
        etcd_call /v3/auth/role/add "{\"name\":\"$user\"}" >/dev/null
        etcd_call /v3/auth/user/grant "{\"user\":\"$user\",\"role\":\"$user\"}" >/dev/null
    done
    # The keys from "it" up to "iu": "it", the prefix of the tests.
    etcd_call /v3/auth/role/grant '{"name":"swarm","perm":{"permType":"READWRITE","key":"aXQ=","range_end":"aXU="}}' >/dev/null
    etcd_call /v3/auth/enable '{}' >/dev/null
    : >"$folder/users"
}

# Prints the path of the consul program, unpacked from Debian 11's package when it is not there yet.
consul_program() {
    local root=$testbed_state/cache/consul work
    if command -v consul >/dev/null; then
        command -v consul
        return
    fi
    if [[ ! -x $root/usr/bin/consul ]]; then
        work=$(mktemp -d)
        mkdir -p "$work"/{lists/partial,cache/archives/partial} "$testbed_state/cache"
        printf 'deb %s bullseye main\n' "$mirror" >"$work/sources.list"
        (
            cd "$work"
            options=(-q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
                -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Acquire::Check-Valid-Until=false
                -o APT::Sandbox::User=root)
            apt-get "${options[@]}" update && apt-get "${options[@]}" download consul && dpkg-deb -x consul_*.deb root
        ) >&2 || die "cannot get Consul from Debian 11's packages" "is $mirror reachable?"
        rm -rf "$root" && mv "$work/root" "$root" && rm -rf "$work"
    fi
    printf '%s\n' "$root/usr/bin/consul"
}

start_consul() {
    local http=${ports[0]} https=-1 tls='' acl='' program
    program=$(consul_program)
    if [[ -e $folder/tls ]]; then
        http=-1
        https=${ports[0]}
        tls="\"ca_file\":\"$folder/ca.pem\",\"cert_file\":\"$folder/server.pem\",\"key_file\":\"$folder/server-key.pem\",
            \"verify_incoming_https\":true,"
    fi
    [[ ! -e $folder/auth ]] || acl="\"acl\":{\"enabled\":true,\"default_policy\":\"deny\",\"tokens\":{\"master\":\"$acl_token\"}},"
    cat >"$folder/consul.json" <<JSON
{"server":true,"bootstrap_expect":1,"datacenter":"it","node_name":"$name","data_dir":"$folder/data",
 "bind_addr":"127.0.0.1","client_addr":"127.0.0.1",$tls$acl"disable_update_check":true,"leave_on_terminate":false,
 "skip_leave_on_interrupt":true,"limits":{"http_max_conns_per_client":4000},
 "performance":{"raft_multiplier":1},"ports":{"http":$http,"https":$https,"dns":-1,"grpc":-1,
 "server":${ports[1]},"serf_lan":${ports[2]},"serf_wan":-1}}
JSON
    run_server "$program" agent -config-file "$folder/consul.json"
}

consul_ready() { [[ $(call /v1/status/leader 2>/dev/null) == \"127* ]] && consul_writes; }

# Sessions need the server to have registered itself, which takes it a moment after it was elected.
consul_writes() {
    local header=()
    [[ ! -e $folder/auth ]] || header=(-H "X-Consul-Token: $acl_token")
    call "/v1/health/node/$name" "${header[@]}" 2>/dev/null | grep -q '"Status":"passing"'
}

start_zk() {
    local tls=()
    mkdir -p "$folder/data"
    cat >"$folder/zoo.cfg" <<CONFIG
tickTime=500
dataDir=$folder/data
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=srvr
clientPortAddress=127.0.0.1
CONFIG
    if [[ -e $folder/tls ]]; then
        printf 'secureClientPort=%s\nsecureClientPortAddress=127.0.0.1\n' "${ports[0]}" >>"$folder/zoo.cfg"
        sed -i '/^clientPortAddress/d' "$folder/zoo.cfg"
        tls=(-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
            "-Dzookeeper.ssl.keyStore.location=$folder/server-both.pem" -Dzookeeper.ssl.keyStore.type=PEM
            "-Dzookeeper.ssl.trustStore.location=$folder/ca.pem" -Dzookeeper.ssl.trustStore.type=PEM
            -Dzookeeper.ssl.clientAuth=need)
    else
        printf 'clientPort=%s\n' "${ports[0]}" >>"$folder/zoo.cfg"
    fi
    run_server java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "${tls[@]}" -cp "$(zk_class_path)" \
        org.apache.zookeeper.server.quorum.QuorumPeerMain "$folder/zoo.cfg"
}

zk_class_path() {
    printf '/etc/zookeeper/conf:/usr/share/java/zookeeper.jar:/usr/share/java/*'
}

zk_ready() {
    local line
    if [[ -e $folder/tls ]]; then
        openssl s_client -connect "127.0.0.1:${ports[0]}" -CAfile "$folder/ca.pem" -cert "$folder/client.pem" \
            -key "$folder/client-key.pem" -quiet -verify_return_error <<<srvr 2>/dev/null | grep -q '^Mode:'
        return
    fi
    { exec 3<>"/dev/tcp/127.0.0.1/${ports[0]}"; } 2>/dev/null || return 1
    printf srvr >&3
    while read -r -t 2 line <&3; do
        [[ $line != Mode:* ]] || {
            exec 3>&-
            return 0
        }
    done
    exec 3>&-
    return 1
}

# A manager that keeps the members itself: it has the cluster "it", and makes tokens.
start_swarm() {
    local tls=()
    mkdir -p "$folder/data"
    if [[ -e $folder/tls ]]; then
        tls=(--tlsverify --tlscacert "$folder/ca.pem" --tlscert "$folder/server.pem" --tlskey "$folder/server-key.pem")
    fi
    run_server "${SWARMCTL_TEST_SWARMD:-$checkout/.build/swarmd}" manage "${tls[@]}" -H "tcp://127.0.0.1:${ports[0]}" \
        --state-dir "$folder/data" "swarm://127.0.0.1:${ports[0]}/it"
}

swarm_ready() { [[ $(call /_ping 2>/dev/null) == OK ]]; }

start_token() { start_swarm; }

token_ready() { swarm_ready; }

start() {
    local attempt
    mkdir -p "$folder"
    [[ -z $with_tls ]] || : >"$folder/tls"
    [[ -z $with_auth ]] || : >"$folder/auth"
    [[ -s $folder/ports ]] || { free_port && free_port && free_port; } >"$folder/ports"
    mapfile -t ports <"$folder/ports"
    if ! server_runs "$folder"; then
        [[ ! -e $folder/tls ]] || make_certificates
        "start_$kind"
    fi
    # 60 s in steps of 0.05 s: the servers tell nobody when they are ready.
    for ((attempt = 0; attempt < 1200; attempt++)); do
        if "${kind}_ready"; then
            [[ $kind != etcd ]] || etcd_users
            printf '127.0.0.1:%s\n' "${ports[0]}"
            return
        fi
        # Not server_runs: the process may not have become the server yet.
        kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
        sleep 0.05
    done
    tail -n 20 "$folder/log" >&2
    die "$kind \"$name\" did not start" "see $folder/log"
}

stop() {
    local pid attempt
    if server_runs "$folder"; then
        pid=$(cat "$folder/pid")
        [[ -z $kill ]] || kill -KILL "$pid"
        # A frozen server would never end.
        kill -CONT "$pid" 2>/dev/null || true
        kill "$pid" 2>/dev/null || true
        for ((attempt = 0; attempt < 100; attempt++)); do
            server_runs "$folder" || break
            sleep 0.05
        done
        ! server_runs "$folder" || kill -KILL "$pid"
    fi
    rm -f "$folder/pid"
    [[ -z $wipe ]] || rm -rf "$folder/data" "$folder/users"
    [[ -z $purge ]] || rm -rf "$folder"
}

compact() {
    local token revision
    mapfile -t ports <"$folder/ports"
    token=$(etcd_token)
    revision=$(etcd_call /v3/kv/range '{"key":"AA==","count_only":true}' "$token" | sed -n 's/.*"revision":"\([0-9]*\)".*/\1/p')
    etcd_call /v3/kv/compaction "{\"revision\":\"$revision\",\"physical\":true}" "$token" >/dev/null
}

stores=$testbed_state/stores
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
verb=${1:-}
kind=${2:-}
name=${3:-}
with_tls=
with_auth=
kill=
wipe=
purge=
for option in "${@:4}"; do
    case $option in
        --tls) with_tls=1 ;;
        --auth) with_auth=1 ;;
        --kill) kill=1 ;;
        --wipe) wipe=1 ;;
        --purge) purge=1 ;;
        *) die "unknown option \"$option\"" "$0 --help" ;;
    esac
done
case $verb in
    -h | --help | help)
        usage
        exit 0
        ;;
    stop-all)
        for folder in "$stores"/*/; do
            [[ ! -d $folder ]] || "$0" stop "$(basename "$folder" | cut -d- -f1)" "$(basename "$folder" | cut -d- -f2-)" --purge
        done
        exit 0
        ;;
    start | stop | folder | renew | compact) ;;
    *)
        usage >&2
        exit 64
        ;;
esac
[[ $kind =~ ^(etcd|consul|zk|swarm|token)$ ]] || die "there is no store \"$kind\"" "use etcd, consul, zk, swarm or token"
[[ $name =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] || die "\"$name\" cannot be a name" "use up to 31 of a-z, 0-9 and -"
folder=$stores/$kind-$name
case $verb in
    start)
        mkdir -p "$folder"
        exec 9>"$folder.lock"
        flock 9
        start
        ;;
    stop) stop ;;
    folder) printf '%s\n' "$folder" ;;
    renew)
        rm -f "$folder"/*.pem
        make_certificates
        ;;
    compact) compact ;;
esac
