#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes the image busybox:latest from Debian's busybox-static, without an image registry.
#
# Usage: busybox-image.sh [--engine NAME | --docker-host URL] [--save FILE] [--force]
#   --engine NAME       a testbed engine (default "default")
#   --docker-host URL   any engine: unix:///PATH or tcp://HOST:PORT
#   --save FILE         also write the image to FILE, for `docker load`
#   --force             make it again though it is there
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

image=busybox:latest

# Fills folder $1 with busybox, a link for each of its applets, and what programs expect of a root.
make_root() {
    local root=$1 applet
    mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,tmp,root,var/www,home}
    chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    "$root/bin/busybox" --list-full | while read -r applet; do
        [[ -e $root/$applet ]] || ln -s /bin/busybox "$root/$applet"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
}

parse_image_options "$@"
save=
if ((${#rest[@]} > 0)); then
    [[ ${rest[0]} == --save && ${#rest[@]} -eq 2 ]] || die "unknown argument \"${rest[0]}\"" "$0 --help"
    save=${rest[1]}
fi
need_engine
if [[ -n $force ]] || ! has_image "$image"; then
    command -v busybox >/dev/null || die "busybox is not installed" "run \`$(dirname "$0")/install-packages.sh\`"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    make_root "$work/root"
    tar -C "$work/root" --numeric-owner --owner=0 --group=0 -c . |
        engine_docker import -c 'CMD ["sh"]' -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' - "$image" >/dev/null
fi
if [[ -n $save ]]; then
    engine_docker save -o "$save" "$image"
fi
