#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes the images that hosts of the `local` driver run, from Debian's packages, without an image
# registry. Does nothing when the image is there.
#
#   swarmctl/node:bookworm   Debian 12 with systemd and sshd
#   swarmctl/node:docker     the same with docker.io installed; its engine starts when it is first called
#
# A node has no SSH host key until it starts: it keeps an ed25519 key put in before that, else makes one.
#
# Usage: node-image.sh [--variant bookworm|docker|all] [--engine NAME | --docker-host URL] [--force]
#   --variant V         which image (default bookworm; docker makes both)
#   --engine NAME       a testbed engine (default "default")
#   --docker-host URL   any engine: unix:///PATH or tcp://HOST:PORT
#   --force             make it again though it is there
# Environment: SWARMCTL_DEBIAN_MIRROR (default http://deb.debian.org/debian),
#              SWARMCTL_DEBIAN_SECURITY_MIRROR (default http://deb.debian.org/debian-security)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mirror=${SWARMCTL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${SWARMCTL_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
packages=systemd,systemd-sysv,openssh-server,iproute2,iptables,ca-certificates,sudo,dbus,procps,openssl
cache=$testbed_state/cache

# Writes into root $1 what makes it a host that starts fast, quietly and with an SSH host key of its own.
configure_root() {
    local root=$1 unit
    rm -f "$root/usr/sbin/policy-rc.d" "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
    : >"$root/etc/machine-id"
    printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
        "$mirror" "$mirror" "$security" >"$root/etc/apt/sources.list"
    printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nPermitRootLogin prohibit-password\n' \
        >"$root/etc/ssh/sshd_config.d/10-node.conf"
    mkdir -p "$root/etc/systemd/system/ssh.service.d"
    cat >"$root/etc/systemd/system/ssh.service.d/host-key.conf" <<'UNIT'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
ExecStartPre=/usr/sbin/sshd -t
UNIT
    # Containers in the node cannot use the name server that an engine gives the node itself (127.0.0.11):
    # those of the machine, put in before the first start, are added on each start.
    cat >"$root/etc/systemd/system/node-nameservers.service" <<'UNIT'
[Unit]
Description=Add the name servers of the machine that runs this node
ConditionFileNotEmpty=/etc/node-nameservers
Before=docker.service ssh.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cat /etc/node-nameservers >>/etc/resolv.conf'

[Install]
WantedBy=multi-user.target
UNIT
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf ../node-nameservers.service "$root/etc/systemd/system/multi-user.target.wants/"
    # Units that wait for hardware a container has not, and timers that would hold apt's lock.
    for unit in apt-daily.timer apt-daily-upgrade.timer console-getty.service getty.target systemd-logind.service \
        e2scrub_all.timer e2scrub_reap.service systemd-firstboot.service fstrim.timer systemd-modules-load.service \
        modprobe@.service dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
        sys-fs-fuse-connections.mount systemd-update-utmp.service systemd-update-utmp-runlevel.service \
        systemd-remount-fs.service systemd-tmpfiles-setup-dev.service systemd-sysusers.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    # Generators of units for disks, consoles, kernel options and init scripts, which run at each start and each reload.
    mkdir -p "$root/etc/systemd/system-generators"
    for unit in cryptsetup debug fstab getty gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup; do
        ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$unit-generator"
    done
    # Logs in memory: a host that is made and thrown away need not wait for the disk.
    mkdir -p "$root/etc/systemd/journald.conf.d"
    printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/10-node.conf"
    ln -sf /dev/null "$root/etc/systemd/system/systemd-journal-flush.service"
    # Programs in Go that live for milliseconds, of which an engine starts a dozen, spend a third of that on garbage.
    mkdir -p "$root/etc/systemd/system.conf.d"
    printf '[Manager]\nDefaultEnvironment=GOGC=200\n' >"$root/etc/systemd/system.conf.d/10-node.conf"
    # The greeting of a login, made anew by programs for each session.
    rm -f "$root"/etc/update-motd.d/*
}

make_root_tar() {
    local root=$cache/root.$$
    mkdir -p "$cache/debs"
    # Device nodes and set-user-ID files must work in it, wherever the cache is.
    # shellcheck disable=SC2064  # the folder of now
    trap "rm -rf '$root'" EXIT
    note "making a Debian root file system (a minute or two)"
    debootstrap --variant=minbase --include="$packages" --cache-dir="$cache/debs" bookworm "$root" "$mirror" \
        >"$cache/debootstrap.log" 2>&1 || {
        tail -n 20 "$cache/debootstrap.log" "$root/debootstrap/debootstrap.log" >&2 || true
        die "debootstrap failed" "see $cache/debootstrap.log; is $mirror reachable?"
    }
    configure_root "$root"
    # Lists that are there make the first `apt-get update` of every node short.
    chroot "$root" apt-get -q update >>"$cache/debootstrap.log" 2>&1 ||
        die "apt-get update failed in the new root" "see $cache/debootstrap.log; is $security reachable?"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin "$root"/usr/share/doc/* \
        "$root"/usr/share/man/* "$root"/usr/share/locale/*
    tar -C "$root" --numeric-owner -c . >"$root_tar.new"
    mv "$root_tar.new" "$root_tar"
    rm -rf "$root"
}

make_plain() {
    [[ -n $force ]] || ! has_image swarmctl/node:bookworm || return 0
    [[ -s $root_tar ]] || make_root_tar
    engine_docker import -c 'CMD ["/lib/systemd/systemd"]' -c 'ENV container=docker' \
        "$root_tar" swarmctl/node:bookworm >/dev/null
}

make_with_docker() {
    local id
    [[ -n $force ]] || ! has_image swarmctl/node:docker || return 0
    make_plain
    note "installing docker.io into swarmctl/node:docker"
    # The host's network, because an engine without a network of its own may be asked too.
    id=$(engine_docker create --network host swarmctl/node:bookworm sh -ec '
        printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
        DEBIAN_FRONTEND=noninteractive apt-get -q update
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends docker.io
        # Its socket starts the engine when it is first called: a host that is configured next does not start it twice.
        rm -f /etc/systemd/system/multi-user.target.wants/docker.service /etc/init.d/docker
        # As in Docker'\''s own packages: the engine does not use it.
        printf "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n" >/etc/containerd/config.toml
        rm -rf /usr/sbin/policy-rc.d /var/cache/apt/archives/*.deb /var/lib/docker /etc/docker/key.json')
    # shellcheck disable=SC2064  # the container of now
    trap "engine_docker rm -f -v $id >/dev/null" EXIT
    engine_docker start -a "$id" >"$cache/docker-variant.log" 2>&1 ||
        die "installing docker.io failed" "see $cache/docker-variant.log"
    engine_docker commit -c 'CMD ["/lib/systemd/systemd"]' "$id" swarmctl/node:docker >/dev/null
}

# Changes with what goes into it, so that an old root file system is not taken for a new one.
root_tar=$cache/node-bookworm-$({ declare -f configure_root make_root_tar && echo "$packages $mirror $security"; } |
    cksum | cut -d' ' -f1).tar
parse_image_options "$@"
variant=bookworm
if ((${#rest[@]} > 0)); then
    [[ ${rest[0]} == --variant && ${#rest[@]} -eq 2 ]] || die "unknown argument \"${rest[0]}\"" "$0 --help"
    variant=${rest[1]}
fi
need_root "$@"
need_engine
mkdir -p "$cache"
take_lock image.lock
case $variant in
    bookworm) make_plain ;;
    docker | all) make_with_docker ;;
    *) die "there is no variant \"$variant\"" "use bookworm, docker or all" ;;
esac
