#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Builds the driver plug-in of docker-machine in plugin/, with Go's own net/rpc, once, and prints the folder that it is
# in. The compiler is Debian's; 80 MB are downloaded and unpacked beside it, and nothing is installed.
#
# Usage: go-plugin.sh
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

source_file=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/plugin/standin.go
packages=(golang-1.19-go golang-1.19-src)
compiler=$testbed_state/cache/golang-1.19
folder=$testbed_state/cache/plugin-$(cksum <"$source_file" | cut -d' ' -f1)

# The packages are those of bookworm, whatever runs here.
unpack_compiler() {
    local apt=$compiler.apt package
    rm -rf "$compiler.new" "$apt"
    mkdir -p "$compiler.new" "$apt"/state/lists/partial "$apt"/cache/archives/partial
    : >"$apt/state/status"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n' \
        bookworm >"$apt/sources.list"
    apt=(apt-get -qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State="$apt/state" -o Dir::State::status="$apt/state/status" -o Dir::Cache="$apt/cache"
        -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0)
    "${apt[@]}" update >&2
    (cd "$compiler.new" && "${apt[@]}" download "${packages[@]}" >&2)
    for package in "$compiler.new"/*.deb; do
        dpkg-deb -x "$package" "$compiler.new"
        rm -f "$package"
    done
    rm -rf "$compiler.apt"
    mv "$compiler.new" "$compiler"
}

take_lock go.lock
if [[ ! -d $folder ]]; then
    if [[ ! -d $compiler ]]; then
        need_root "$@"
        note "unpacking ${packages[*]}"
        unpack_compiler
    fi
    note "building the plug-in"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    env GOROOT="$compiler/usr/lib/go-1.19" GOPATH="$folder.new/path" GOCACHE="$folder.new/cache" GO111MODULE=off \
        CGO_ENABLED=0 GOFLAGS=-trimpath "$compiler/usr/lib/go-1.19/bin/go" build \
        -o "$folder.new/docker-machine-driver-standin" "$source_file" >&2
    rm -rf "$folder.new/cache" "$folder.new/path"
    mv "$folder.new" "$folder"
fi
printf '%s\n' "$folder"
