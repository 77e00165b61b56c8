#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes a bootable cloud image of Debian 12 from Debian's packages, without a loop device: systemd, sshd and
# cloud-init, which reads its data from a seed (NoCloud). Prints the image's path; it is made once.
#
# Usage: vm-image.sh [--force]
#   --force   make it again though it is there
# Environment: SWARMCTL_DEBIAN_MIRROR (default http://deb.debian.org/debian),
#              SWARMCTL_DEBIAN_SECURITY_MIRROR (default http://deb.debian.org/debian-security)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mirror=${SWARMCTL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${SWARMCTL_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
base=systemd,systemd-sysv,dbus,openssh-server,iproute2,iptables,ca-certificates,sudo,procps,openssl,udev,kmod,e2fsprogs
# Needed by the first boot, and installed with a configured apt because cloud-init depends on much.
more=(linux-image-cloud-amd64 initramfs-tools zstd cloud-init cloud-guest-utils fdisk systemd-resolved grub-pc-bin)
cache=$testbed_state/cache

# Writes into root $1 what makes it boot quietly, take its data from a seed only and find its network by DHCP.
configure_root() {
    local root=$1 unit
    rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
    : >"$root/etc/machine-id"
    printf 'LABEL=root / ext4 defaults,noatime 0 1\n' >"$root/etc/fstab"
    printf 'datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\nlocale: false\n' >"$root/etc/cloud/cloud.cfg.d/90-image.cfg"
    printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/50-dhcp.network"
    printf 'UseDNS no\nPermitRootLogin prohibit-password\n' >"$root/etc/ssh/sshd_config.d/10-image.conf"
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
    for unit in systemd-networkd systemd-resolved; do
        chroot "$root" systemctl -q enable "$unit.service"
    done
    for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
        systemd-networkd-wait-online.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    mkdir -p "$root/boot/grub"
    cat >"$root/boot/grub/grub.cfg" <<'GRUB'
linux /vmlinuz root=LABEL=root ro console=tty0 console=ttyS0
initrd /initrd.img
boot
GRUB
    rm -f "$root"/etc/update-motd.d/*
}

make_root() {
    local root=$1
    debootstrap --variant=minbase --include="$base" --cache-dir="$cache/debs" bookworm "$root" "$mirror"
    printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
        "$mirror" "$mirror" "$security" >"$root/etc/apt/sources.list"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    chroot "$root" apt-get -q update
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -q -y --no-install-recommends "${more[@]}"
    rm -f "$root/usr/sbin/policy-rc.d"
    configure_root "$root"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin "$root"/usr/share/doc/* \
        "$root"/usr/share/man/* "$root"/usr/share/locale/*
}

# A disk of one partition with the root $1, and GRUB before it, as file $2.
make_disk() {
    local root=$1 disk=$2 grub=$1/usr/lib/grub/i386-pc
    chroot "$root" grub-mkimage -O i386-pc -o /boot/grub/core.img -p '(hd0,msdos1)/boot/grub' \
        biosdisk part_msdos ext2 linux normal boot
    rm -f "$disk"
    truncate -s 3G "$disk"
    # Features that GRUB and the kernel of the oldest supported system know.
    mkfs.ext4 -q -F -L root -O ^metadata_csum_seed,^orphan_file -E offset=1048576,lazy_itable_init=1 -d "$root" "$disk" \
        $((3 * 1024 * 1024 - 1024))k
    # After the file system, whose maker clears what was before it.
    # Active, Linux, from sector 2048 on, 6289408 sectors; then the mark of a boot sector.
    printf '\x80\0\0\0\x83\0\0\0\0\x08\0\0\0\xf8\x5f\0' | dd of="$disk" bs=1 seek=446 conv=notrunc status=none
    printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none
    # The boot sector looks for the rest of GRUB in the sectors after it, which is where that is put.
    dd if="$grub/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
    dd if="$root/boot/grub/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
}

[[ ${1:-} != -h && ${1:-} != --help ]] || { usage; exit 0; }
[[ -z ${1:-} || $1 == --force ]] || die "unknown argument \"$1\"" "$0 --help"
# Changes with what goes into it, so that an old image is not taken for a new one.
image=$cache/vm-bookworm-$({ declare -f configure_root make_root make_disk &&
    echo "$base ${more[*]} $mirror $security"; } | cksum | cut -d' ' -f1).qcow2
need_root "$@"
mkdir -p "$cache/debs"
take_lock vm-image.lock
if [[ ! -s $image || ${1:-} == --force ]]; then
    note "making a cloud image (a few minutes)"
    work=$cache/vm.$$
    trap 'status=$?; rm -rf "$work"; ((status == 0)) || note "failed: see $cache/vm-image.log"' EXIT
    mkdir -p "$work"
    {
        make_root "$work/root"
        make_disk "$work/root" "$work/disk.raw"
    } >"$cache/vm-image.log" 2>&1
    qemu-img convert -O qcow2 "$work/disk.raw" "$image.new"
    mv "$image.new" "$image"
fi
printf '%s\n' "$image"
