#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# The whole testbed at once.
#
# Usage: testbed.sh up             packages, the engine "default" and the images; seconds when all is there
#        testbed.sh down           end every testbed engine, with its containers, networks and rules
#        testbed.sh down --purge   and remove the testbed's folder with all images and caches
#        testbed.sh status         print the engines
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

case "${1:-} ${2:-}" in
    'up ')
        "$here/install-packages.sh"
        "$here/engine.sh" start
        "$here/busybox-image.sh"
        "$here/node-image.sh" --variant all
        ;;
    'down ' | 'down --purge')
        "$here/store.sh" stop-all
        for folder in "$testbed_state"/engines/*/; do
            [[ ! -d $folder ]] || "$here/engine.sh" stop "$(basename "$folder")" ${2:+"$2"}
        done
        [[ -z ${2:-} ]] || rm -rf "$testbed_state"
        ;;
    'status ') "$here/engine.sh" status ;;
    '-h ' | '--help ') usage ;;
    *)
        usage >&2
        exit 64
        ;;
esac
