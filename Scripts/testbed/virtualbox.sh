#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# A real VBoxManage, from Debian unstable's contrib, without the kernel module: it does all but start machines and
# make host-only networks. Scripts/virtualbox/VBoxManage starts machines in its place.
#
# Usage: virtualbox.sh root                  unpack it, once, and print the folder
#        virtualbox.sh run HOME WORD …       run VBoxManage WORD … with its settings in the folder HOME
#        virtualbox.sh end HOME              end what runs for HOME, with daemons that were left behind, and remove HOME
#
# State: ${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}/cache.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/unpack.sh"

# What only its windows, its guests and its remote desktops use.
unused='libgl1|libgsoap.*|libjpeg.*|libsdl.*|libtpms.*|libvncserver.*|libx11.*|libxt.*'
root=$testbed_state/cache/virtualbox-$(printf '%s' "$unused" | cksum | cut -d' ' -f1)

make_root() {
    local apt=$root.apt package libraries=()
    [[ $(dpkg --print-architecture) == amd64 ]] || die "VirtualBox is packaged for amd64 only" "use such a machine"
    open_suite "$apt" sid main contrib
    # Its libraries and the shell that it calls, and not the module's sources, Python, nor drivers of graphics cards.
    mapfile -t libraries < <(suite_cache "$apt" show virtualbox | sed -n '/^$/q; s/^Depends: //p' | tr ',' '\n' |
        sed 's/^ *//; s/[ :].*//' | grep -E '^(lib|zlib)' | grep -vxE "$unused")
    suite_apt "$apt" install -y --download-only --no-install-recommends dash "${libraries[@]}"
    package=$apt/cache/archives
    (cd "$package" && suite_apt "$apt" download virtualbox)
    unpack_archives "$apt" "$root.new"
    rm -rf "$apt" "$root.new"/usr/lib/virtualbox/{sdk,UnattendedTemplates} "$root.new"/usr/share/{locale,virtualbox}
    mv "$root.new" "$root"
}

unpacked() {
    if [[ ! -d $root ]]; then
        need_root root
        take_lock virtualbox.lock
        if [[ ! -d $root ]]; then
            note "unpacking VirtualBox"
            make_root
        fi
        exec 9>&-
    fi
}

# Daemons and programs of one HOME meet at a socket that is named after it.
socket_id() {
    printf '%s' "$1" | cksum | cut -d' ' -f1
}

# With the /usr of the suite in mounts of its own: all other folders are this machine's.
run_manage() {
    local home=$1 script
    shift
    mkdir -p "$home"
    export VBOX_USER_HOME=$home VBOX_IPC_SOCKETID
    VBOX_IPC_SOCKETID=$(socket_id "$home")
    # shellcheck disable=SC2016
    script='
        mount --make-rslave /
        mount --bind "$1/usr" /usr
        shift
        exec /usr/lib/virtualbox/VBoxManage "$@"'
    exec unshare --mount sh -ec "$script" sh "$root" "$@"
}

# Prints the processes that have HOME as VirtualBox's.
processes_of() {
    local environment pid
    for environment in /proc/[0-9]*/environ; do
        pid=${environment//[!0-9]/}
        if [[ $pid != "$$" ]] && grep -qzxF "VBOX_USER_HOME=$1" "$environment" 2>/dev/null &&
            [[ $(readlink "/proc/$pid/exe") =~ /(virtualbox/VBox|python) ]]; then
            printf '%s\n' "$pid"
        fi
    done
}

end_all() {
    local signal attempt file pids=() machines=()
    for file in "$1"/*.runs; do
        [[ ! -s $file ]] || machines+=("$(<"$file")")
    done
    ((${#machines[@]} == 0)) || "$(dirname "${BASH_SOURCE[0]}")/node.sh" rm "${machines[@]}"
    for signal in TERM KILL; do
        # 5 s each in steps of 0.1 s.
        for ((attempt = 0; attempt < 50; attempt++)); do
            mapfile -t pids < <(processes_of "$1")
            ((${#pids[@]} > 0)) || break 2
            ((attempt > 0)) || kill "-$signal" "${pids[@]}" 2>/dev/null || true
            sleep 0.1
        done
    done
    rm -rf "/tmp/.vbox-$(socket_id "$1")-ipc" "$1"
}

verb=${1:-}
(($# == 0)) || shift
case $verb in
    root)
        unpacked
        printf '%s\n' "$root"
        ;;
    run)
        (($# > 1)) || die "run needs a folder and the words of a command"
        unpacked
        run_manage "$@"
        ;;
    end) end_all "${1:?a folder}" ;;
    -h | --help | help) usage ;;
    *)
        usage >&2
        exit 64
        ;;
esac
