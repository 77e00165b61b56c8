#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs tests that are built. One that fails is run once more, alone: on a machine that stalls, clocks run out.
# Both outcomes are printed last, and a test that fails twice fails the run.
#
# Usage: run-tests.sh CONFIGURATION FOLDER OPTION-OF-SWIFT-TEST…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
configuration=$1
folder=$2
shift 2
mkdir -p "$folder"
events=$PWD/$folder/events.json

# Runs the tests that the options select; their events are in $events.
run_tests() {
    rm -f "$events"
    swift test -c "$configuration" --explicit-target-dependency-import-check error --skip-build "$@" \
        --event-stream-output-path "$events" --event-stream-version 0
}

# Runs each failed test alone. Sets failed to those that failed again, and flaky to the others.
run_again() {
    local again test
    if ! Scripts/failed-tests.py "$events" >"$folder/failed.txt" 2>"$folder/failures.txt" ||
        [[ ! -s $folder/failed.txt ]]; then
        failed=("the run itself")
    fi
    mapfile -t again <"$folder/failed.txt"
    for test in "${again[@]}"; do
        printf '\n== once more: %s\n' "$test"
        if run_tests --no-parallel --filter "$test"; then
            flaky+=("$test")
        else
            failed+=("$test")
            Scripts/failed-tests.py "$events" >/dev/null 2>>"$folder/failures.txt" || true
        fi
    done
}

failed=()
flaky=()
rm -f "$folder/failures.txt"
run_tests "$@" || run_again
[[ ! -s $folder/failures.txt ]] || cat "$folder/failures.txt" >&2
((${#flaky[@]} == 0)) || printf 'failed, then passed alone: %s\n' "${flaky[@]}" >&2
((${#failed[@]} == 0)) || printf 'FAILED TWICE: %s\n' "${failed[@]}" >&2
((${#failed[@]} == 0))
