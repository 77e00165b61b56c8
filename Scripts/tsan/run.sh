#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs the tests of what happens at the same time under the thread sanitizer. First it is made sure that the
# sanitizer, told of Swift's Mutex, is quiet about a lock that is fought for and still sees a race beside it.
#
# Usage: run.sh [FILTER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
filter=${1:-SwarmCoreTests|DockerAPITests|DiscoveryTests|SchedulingTests|ClusterTests|GatewayTests|MachinesTests}
build=.build/tsan
clang=$(dirname "$(command -v swift)")/clang
[[ -x $clang ]] || clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
mkdir -p "$build"
"$clang" -O1 -shared -fPIC -Wall -Werror -o "$build/mutex.so" Scripts/tsan/mutex.c -ldl
swiftc -sanitize=thread -o "$build/probe" Scripts/tsan/probe.swift

# The number of reports that the probe draws with the option $1.
reports() { { LD_PRELOAD=$PWD/$build/mutex.so "$build/probe" "$@" 2>&1 || true; } | grep -c 'WARNING: ThreadSanitizer' || true; }
quiet=$(reports)
race=$(reports race)
printf 'the probe: %s reports of its lock, %s of its race\n' "$quiet" "$race"
((quiet == 0 && race > 0))

swift build --sanitize=thread --scratch-path "$build" --build-tests
log=$build/run.log
status=0
LD_PRELOAD=$PWD/$build/mutex.so TSAN_OPTIONS=${TSAN_OPTIONS:-} swift test --sanitize=thread --scratch-path "$build" \
    --skip-build --filter "$filter" --skip IntegrationTests 2>&1 | tee "$log" || status=$?
printf '%s reports of the thread sanitizer\n' "$(grep -c 'WARNING: ThreadSanitizer' "$log" || true)"
((status == 0)) && ! grep -q 'WARNING: ThreadSanitizer' "$log"
