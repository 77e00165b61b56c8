#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes a Python with docker-py 7.1 and a WebSocket client, from PyPI, once, and prints its path.
#
# Usage: docker-py.sh
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=(docker==7.1.0 websocket-client==1.8.0)
folder=$testbed_state/cache/python-$(printf '%s' "${packages[*]}" | cksum | cut -d' ' -f1)

take_lock python.lock
if [[ ! -d $folder ]]; then
    note "installing ${packages[*]}"
    rm -rf "$folder.new"
    python3 -m venv "$folder.new" >&2
    "$folder.new/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
    mv "$folder.new" "$folder"
fi
printf '%s/bin/python3\n' "$folder"
