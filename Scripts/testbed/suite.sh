#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Unpacks the Docker of another Debian suite into a folder of the testbed, beside the machine's own.
#
# Usage: suite.sh root SUITE              unpack the engine and the clients of SUITE (trixie, sid), once,
#                                         and print the folder
#        suite.sh run SUITE COMMAND …     run COMMAND in it, with this machine's devices and processes,
#                                         the testbed's folder, and /tmp
#
# Packages are unpacked and not installed: no script of theirs runs. State:
# ${SWARMCTL_TESTBED:-/var/tmp/swarmctl-testbed}/cache.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/unpack.sh"

packages=(docker.io docker-cli docker-compose docker-buildx iptables busybox-static)

# Unpacks into $2 the packages of suite $1 and all that they depend on.
unpack() {
    local suite=$1 root=$2 apt=$2.apt name
    open_suite "$apt" "$suite" main
    suite_apt "$apt" install -y --download-only --no-install-recommends "${packages[@]}"
    unpack_archives "$apt" "$root"
    # What the packages' scripts would have made.
    for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
        ln -sf "${name/tables/tables-nft}" "$root/usr/sbin/$name"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    rm -rf "$apt"
}

suite_root() {
    local suite=$1 root
    # A list of packages that has changed makes a new folder.
    root=$testbed_state/cache/suite-$1-$(printf '%s' "${packages[*]}" | cksum | cut -d' ' -f1)
    [[ $suite =~ ^[a-z]+$ ]] || die "\"$suite\" is no suite of Debian" "use trixie or sid"
    if [[ ! -d $root ]]; then
        need_root root "$suite"
        take_lock "suite-$suite.lock"
        if [[ ! -d $root ]]; then
            note "unpacking the Docker of Debian $suite"
            unpack "$suite" "$root.new"
            mv "$root.new" "$root"
        fi
        exec 9>&-
    fi
    printf '%s\n' "$root"
}

# Runs "$@" with root $1: in mounts of its own, which end with the command.
in_root() {
    local root=$1 script
    shift
    # shellcheck disable=SC2016
    script='
        root=$1 state=$2
        shift 2
        mount --make-rprivate /
        mount --bind "$root" "$root"
        for name in proc sys dev tmp; do mount --rbind "/$name" "$root/$name"; done
        mount -t tmpfs tmpfs "$root/run"
        mkdir -p "$root$state"
        mount --rbind "$state" "$root$state"
        cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
        exec env -u TMPDIR chroot "$root" "$@"'
    exec unshare --mount sh -ec "$script" sh "$root" "$testbed_state" "$@"
}

verb=${1:-}
(($# == 0)) || shift
case $verb in
    root) suite_root "${1:?a suite}" ;;
    run)
        root=$(suite_root "${1:?a suite}")
        shift
        (($# > 0)) || die "run needs a command"
        in_root "$root" "$@"
        ;;
    -h | --help | help) usage ;;
    *)
        usage >&2
        exit 64
        ;;
esac
