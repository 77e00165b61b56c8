#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Prints the filter of each test of a run that failed, or began and never ended; on standard error, why.

Usage: failed-tests.py EVENTS

Exits with 1 when the run itself did not end, as when it crashed: then tests are missing.
EVENTS is what `swift test --event-stream-output-path` wrote, one JSON object a line.
"""

import json
import re
import sys


def main(path):
    names, began, ended, issues, whole = {}, [], set(), {}, False
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:  # The last line of a run that was killed.
                continue
            payload = record.get("payload", {})
            if record.get("kind") == "test":
                if payload.get("kind") == "function":
                    names[payload["id"]] = payload.get("displayName") or payload["name"]
                continue
            test, kind = payload.get("testID"), payload.get("kind")
            whole = whole or kind == "runEnded"
            if kind == "testStarted":
                began.append(test)
            elif kind == "testEnded":
                ended.add(test)
            elif kind == "issueRecorded" and not payload.get("issue", {}).get("isKnown", False):
                issues.setdefault(test, []).append(" ".join(m["text"] for m in payload.get("messages", [])))
    for test in began:
        if test not in names or (test in ended and test not in issues):
            continue
        print(f"failed: {names[test]}", file=sys.stderr)
        for text in issues.get(test, ["it never ended"]):
            print(f"  {text}"[:2000], file=sys.stderr)
        print("^" + re.escape(test.rsplit("/", 1)[0]).replace("/", r"\/"))
    if not whole:
        print("the run did not end", file=sys.stderr)
    return 0 if whole else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
