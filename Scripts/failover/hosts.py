# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""A cluster of three managers on three hosts, made by `swarmctl create cluster --driver local --managers 3`."""

import json
import subprocess

from docker_api import Endpoint


class Hosts:
    """See the verbs of `rounds.py`; managers and stores are numbered from 0, in the order of their names."""

    def __init__(self, program, cluster, ttl):
        self.program, self.cluster = program, cluster
        create = ["create", "cluster", cluster, "--driver", "local", "--nodes", "3", "--managers", "3", "-y",
                  "--local-image", "swarmctl/node:docker", "--replication-ttl", f"{ttl}s"]
        subprocess.run([program, *create], check=True)
        machines = json.loads(self._output(program, "inspect", *[f"{cluster}-{number}" for number in (1, 2, 3)]))
        folder = self._output(program, "env", cluster, "--shell", "bash").split('DOCKER_CERT_PATH="')[1].split('"')[0]
        addresses = [machine["address"] for machine in machines]
        self.managers = [Endpoint(address, 3376, folder) for address in addresses]
        self.engines = [Endpoint(address, 2376, folder) for address in addresses]
        self.stores = [Endpoint(address, 2379, folder) for address in addresses]

    @staticmethod
    def _output(*words):
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def _on(self, number, script):
        """Runs a script on a host; hosts are reached over SSH, which no round cuts."""
        return self._output(self.program, "ssh", f"{self.cluster}-{number + 1}", "--", script)

    def load(self, image):
        for number in range(3):
            self._output(self.program, "scp", image, f"{self.cluster}-{number + 1}:/tmp/image.tar")
            self._on(number, "docker load -q -i /tmp/image.tar")

    # Managers

    def _signal(self, number, name):
        self._on(number, f"kill -{name} $(docker inspect -f '{{{{.State.Pid}}}}' swarm-agent-master)")

    def kill(self, number):
        # Without its restart policy it stays away until it is started.
        self._on(number, "docker update --restart no swarm-agent-master && docker kill swarm-agent-master")

    def start(self, number):
        self._on(number, "docker update --restart always swarm-agent-master && docker start swarm-agent-master")

    def freeze(self, number):
        self._signal(number, "STOP")

    def thaw(self, number):
        self._signal(number, "CONT")

    def partition(self, number, is_cut):
        verb = "-I" if is_cut else "-D"
        # The manager shares the network with its host, whose own member goes on for the others: it calls itself.
        rule = "-p tcp ! -d 127.0.0.1 --dport 2379 -j DROP"
        self._on(number, f"iptables {verb} OUTPUT {rule}")

    def log(self, number):
        return self._on(number, "docker logs swarm-agent-master 2>&1")

    # The store

    def start_store(self, number):
        self._on(number, "systemctl start swarmctl-etcd")

    def kill_store(self, number):
        self._on(number, "systemctl kill -s KILL swarmctl-etcd; systemctl stop swarmctl-etcd")

    def store_leader(self):
        while True:
            for number, store in enumerate(self.stores):
                try:
                    status = store.call("POST", "/v3/maintenance/status", {}, timeout=3)
                    if status.get("leader") == status["header"]["member_id"]:
                        return number
                except Exception:
                    continue

    def close(self):
        subprocess.run([self.program, "rm", self.cluster, "-y", "--force"])
