#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Installs what building swarmctl and its testbed need from Debian's or Ubuntu's packages.
# Does nothing, and needs no network, when everything is there.
#
# Usage: install-packages.sh [--build-only] [--check]
#   --build-only   only the C libraries for `swift build`
#   --check        install nothing; print what is missing and exit with 1 if anything is
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
source ./lib.sh

build=(libssl-dev libssh2-1-dev libcurl4-openssl-dev pkg-config make git ca-certificates)
testbed=(docker.io iptables iproute2 debootstrap openssh-client openssh-server busybox-static curl python3
    python3-venv openssl procps shellcheck genisoimage util-linux qemu-system-x86 qemu-utils etcd-server zookeeper python3-kazoo default-jre-headless docker-compose)

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

has_candidate() {
    apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

# Sets missing to the packages of "$@" that are not installed.
find_missing() {
    local package
    missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    # Debian 13 and later have the client in a package of its own.
    if [[ " $* " == *" docker.io "* ]] && ! command -v docker >/dev/null && has_candidate docker-cli; then
        missing+=(docker-cli)
    fi
}

# Debian starts what it installs; the testbed starts engines of its own, so nothing may start here.
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d made=
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made=1
    fi
    local status=0
    "$@" || status=$?
    [[ -z $made ]] || rm -f "$policy"
    return "$status"
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" >&2
}

wanted=("${build[@]}" "${testbed[@]}")
check=
for argument in "$@"; do
    case $argument in
        --build-only) wanted=("${build[@]}") ;;
        --check) check=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "unknown argument \"$argument\"" "$0 --help" ;;
    esac
done

command -v apt-get >/dev/null || die "there is no apt-get here" "install by hand: ${wanted[*]}"
find_missing "${wanted[@]}"
((${#missing[@]} > 0)) || exit 0
if [[ -n $check ]]; then
    printf '%s\n' "${missing[@]}"
    exit 1
fi
need_root "$@"
note "installing ${missing[*]}"
if ! without_starting_services install_packages "${missing[@]}"; then
    note "reading the package lists again"
    apt-get -o DPkg::Lock::Timeout=300 update >&2
    find_missing "${wanted[@]}"
    without_starting_services install_packages "${missing[@]}"
fi
