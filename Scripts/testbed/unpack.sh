# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
# shellcheck shell=bash
#
# Packages of other Debian suites, unpacked and not installed: no script of theirs runs. Sourced, never run.

# apt-get with the options "${@:2}", for the lists, cache and installed packages of folder $1.
suite_apt() {
    local folder=$1
    shift
    with_folder "$folder" apt-get -qq "$@" >&2
}

# apt-cache with the same.
suite_cache() {
    local folder=$1
    shift
    with_folder "$folder" apt-cache "$@"
}

with_folder() {
    local folder=$1 program=$2
    shift 2
    "$program" -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$folder/state" -o Dir::State::status="$folder/state/status" -o Dir::Cache="$folder/cache" \
        -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "$@"
}

# Reads the lists of suite $2 and the components after it into the new apt folder $1.
open_suite() {
    local apt=$1 suite=$2
    shift 2
    rm -rf "$apt"
    mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial
    : >"$apt/state/status"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s %s\n' \
        "$suite" "$*" >"$apt/sources.list"
    suite_apt "$apt" update
}

# Unpacks all that apt folder $1 has downloaded into the new folder $2.
unpack_archives() {
    local apt=$1 root=$2 name package
    rm -rf "$root"
    mkdir -p "$root"/{proc,sys,dev,run,tmp,etc,root,var/tmp}
    for name in bin sbin lib lib64; do
        mkdir -p "$root/usr/$name"
        ln -s "usr/$name" "$root/$name"
    done
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$root" --keep-directory-symlink --exclude='./usr/share/doc' --exclude='./usr/share/man'
    done
}
