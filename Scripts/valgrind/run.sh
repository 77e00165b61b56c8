#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Runs the tests of the C wrappers under valgrind: no invalid access, nothing lost. Tests that fail because a deadline of
# theirs is too short for a program that is thirty times slower are named, and are no error of this run.
# Needs `swift build --build-tests`. Exit status: 0 clean; 1 valgrind found something, which is printed.
#
# Usage: run.sh [CONFIGURATION] [SUITE…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
configuration=${1:-debug}
suites=("${@:2}")
[[ ${#suites[@]} -gt 0 ]] || suites=(PKITests SecureShellTests HTTPTransferTests)
folder=$PWD/.build/valgrind
mkdir -p "$folder"

command -v valgrind >/dev/null || apt-get install -y --no-install-recommends valgrind libc6-dbg >&2
# valgrind does not read all of what Swift's compiler writes for debuggers; names of functions stay.
strip -g -o "$folder/tests.xctest" ".build/$configuration/swarmctlPackageTests.xctest"
cc -Wall -Werror -shared -fPIC -o "$folder/compatibility.so" Scripts/valgrind/compatibility.c -ldl

status=0
for suite in "${suites[@]}"; do
    rm -f "$folder/$suite.log"
    LD_PRELOAD=$folder/compatibility.so valgrind --fair-sched=yes --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=40 \
        --suppressions=Scripts/valgrind/swift.supp --log-file="$folder/$suite.log" \
        "$folder/tests.xctest" --testing-library swift-testing --no-parallel --filter "$suite" >"$folder/$suite.out" 2>&1 || true
    printf '%s: %s\n' "$suite" "$(grep -E '^. Test run with' "$folder/$suite.out" || printf 'the tests did not end')"
    grep -E '^✘ Test ".*failed after' "$folder/$suite.out" || true
    sed -n 's/^==[0-9]*== *\(definitely lost\|ERROR SUMMARY\)/  \1/p' "$folder/$suite.log"
    if ! grep -q 'ERROR SUMMARY: 0 errors' "$folder/$suite.log"; then
        status=1
        grep -E '^==[0-9]+==' "$folder/$suite.log" | sed -n '7,120p'
    fi
done
exit "$status"
