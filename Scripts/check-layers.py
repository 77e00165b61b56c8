#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Fails when a target depends on a target of its own or a higher layer, or when outside code is
imported where it is not allowed (docs/ARCHITECTURE.md)."""
import json
import pathlib
import re
import subprocess
import sys

LAYERS = [
    {"COpenSSL", "CLibSSH2", "CLibcurl", "CMalloc"},
    {"SwarmCore"},
    {"PKI", "SecureShell", "HTTPTransfer", "DockerAPI", "Scheduling", "GoRPC"},
    {"Discovery", "Cluster", "Machines", "Provisioning"},
    {"Gateway", "MachineDrivers", "ClusterLifecycle"},
    {"DaemonCommands"},
    {"OperatorCommands"},
    {"swarmctl", "swarmd", "swarm-bench"},
]
# What several test targets share.
TESTING = "SwarmTesting"
# Which targets may import what comes from outside.
OUTSIDE = {
    "COpenSSL": {"PKI"},
    "CLibSSH2": {"SecureShell"},
    "CLibcurl": {"HTTPTransfer"},
    "CMalloc": {"Cluster"},
    "NIO.*": {"DockerAPI", "Discovery", "Cluster", "Gateway", "DaemonCommands", "swarm-bench"},
    "ArgumentParser": {"DaemonCommands", "OperatorCommands", "swarmctl", "swarmd", "swarm-bench"},
    "Yams": {"ClusterLifecycle"},
    "Mustache": {"Provisioning"},
}

level = {name: number for number, names in enumerate(LAYERS) for name in names}
package = json.loads(subprocess.check_output(["swift", "package", "dump-package"]))
bad = []
for target in package["targets"]:
    name = target["name"]
    if target["type"] == "test" or name == TESTING:
        continue
    if name not in level:
        bad.append(f"{name}: not in a layer")
        continue
    for dependency in target["dependencies"]:
        used = (dependency.get("byName") or dependency.get("target") or [None])[0]
        if used == TESTING:
            bad.append(f"{name} must not depend on {used}: it is for tests")
        if used in level and level[used] >= level[name]:
            bad.append(f"{name} must not depend on {used}")

for source in pathlib.Path("Sources").rglob("*.swift"):
    module = source.parts[1]
    for imported in re.findall(r"^(?:\w+ )?import (?:\w+ )?(\w+)", source.read_text(), re.MULTILINE):
        for pattern, allowed in OUTSIDE.items():
            if re.fullmatch(pattern, imported) and module not in allowed:
                bad.append(f"{source}: {module} must not import {imported}")

print("\n".join(bad) or "layers: ok")
sys.exit(bool(bad))
