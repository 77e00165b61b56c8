#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes a Python with OpenStack's keystone, from PyPI, once, and runs it on a port of 127.0.0.1 that is free, with a
# database of its own in FOLDER, which must not exist. Prints one line of JSON when it serves: see keystone-server.py. Ends
# when its standard input does.
#
# Usage: keystone.sh FOLDER
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=(keystone==30.0.0)
python=$testbed_state/cache/keystone-$(printf '%s' "${packages[*]}" | cksum | cut -d' ' -f1)
program=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/keystone-server.py
folder=${1:?a folder}

take_lock keystone.lock
if [[ ! -d $python ]]; then
    note "installing ${packages[*]}"
    rm -rf "$python.new"
    python3 -m venv "$python.new" >&2
    "$python.new/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
    mv "$python.new" "$python"
fi
exec 9>&-
mkdir -p "$folder"
PYTHONWARNINGS=ignore OS_KEYSTONE_CONFIG_FILES=$folder/keystone.conf exec "$python/bin/python3" "$program" "$folder"
