#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes a Python with moto, whose server answers as Amazon EC2 does, from PyPI, once, and prints the server's path.
#
# Usage: moto.sh
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=('moto[ec2]==5.2.5' flask flask-cors)
folder=$testbed_state/cache/moto-$(printf '%s' "${packages[*]}" | cksum | cut -d' ' -f1)

take_lock moto.lock
if [[ ! -d $folder ]]; then
    note "installing ${packages[*]}"
    rm -rf "$folder.new"
    python3 -m venv "$folder.new" >&2
    "$folder.new/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
    mv "$folder.new" "$folder"
fi
printf '#!/bin/sh\nexec "%s/bin/python3" -m moto.server "$@"\n' "$folder" >"$folder/serve"
chmod +x "$folder/serve"
printf '%s/serve\n' "$folder"
