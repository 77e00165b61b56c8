#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Installs the programs, the templates and the shells' completions below a prefix.
#
# Usage: install.sh PREFIX SWARMCTL SWARMD
set -euo pipefail
[[ $# -eq 3 ]] || { sed -n 's/^# \?//; /^Usage/p' "$0" >&2; exit 64; }
prefix=$1 swarmctl=$2 swarmd=$3
cd "$(dirname "${BASH_SOURCE[0]}")/.."

install -d "$prefix/bin" "$prefix/share/swarmctl"
install -m 755 "$swarmctl" "$prefix/bin/swarmctl"
install -m 755 "$swarmd" "$prefix/bin/swarmd"
# Called by that name it is docker-machine; one that is there already stays.
if [[ -L $prefix/bin/docker-machine || ! -e $prefix/bin/docker-machine ]]; then
    ln -sf swarmctl "$prefix/bin/docker-machine"
else
    echo "$prefix/bin/docker-machine is another program and stays; ours is \`swarmctl docker-machine\`" >&2
fi
rm -rf "$prefix/share/swarmctl/templates"
cp -R templates "$prefix/share/swarmctl/templates"
# The `local` driver makes its hosts' image with these.
rm -rf "$prefix/share/swarmctl/testbed"
cp -R Scripts/testbed "$prefix/share/swarmctl/testbed"
install -d "$prefix/share/bash-completion/completions" "$prefix/share/zsh/site-functions" \
    "$prefix/share/fish/vendor_completions.d"
"$prefix/bin/swarmctl" completions bash >"$prefix/share/bash-completion/completions/swarmctl"
"$prefix/bin/swarmctl" completions zsh >"$prefix/share/zsh/site-functions/_swarmctl"
"$prefix/bin/swarmctl" completions fish >"$prefix/share/fish/vendor_completions.d/swarmctl.fish"
