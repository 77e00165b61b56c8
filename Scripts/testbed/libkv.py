#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Does with a store what the agents and managers of classic swarm do, through libkv.

Usage: libkv.py (consul|zk) HOST:PORT PREFIX join ADDRESS   keep ADDRESS registered until SIGTERM; says "joined"
       libkv.py (consul|zk) HOST:PORT PREFIX list           print the addresses, one a line
"""
import base64
import json
import signal
import sys
import threading
import urllib.error
import urllib.request


class Consul:
    """A key is held by a session with half the TTL, and deleted with it."""

    def __init__(self, server):
        self.base = f"http://{server}/v1/"

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method, data=body)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def join(self, key, address, ended):
        session = {"Behavior": "delete", "TTL": "10s", "LockDelay": "1ms"}
        session = self.call("PUT", "session/create", json.dumps(session).encode())["ID"]
        # The lock of Consul's own client, marked by a flag; then the value, without it.
        self.call("PUT", f"kv/{key}?acquire={session}&flags={0x2DDCCBC058A50C18}", b"")
        self.call("PUT", f"kv/{key}", address.encode())
        said(address)
        while not ended.wait(3):
            self.call("PUT", f"session/renew/{session}")
        self.call("PUT", f"session/destroy/{session}")

    def list(self, folder):
        try:
            pairs = self.call("GET", f"kv/{folder}?recurse")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return [base64.b64decode(pair["Value"] or "").decode() for pair in pairs if pair["Key"] != folder]


class ZooKeeper:
    """A key is an ephemeral node that everybody may change."""

    def __init__(self, server):
        from kazoo.client import KazooClient

        self.client = KazooClient(hosts=server, timeout=10)
        self.client.start(timeout=20)

    def join(self, key, address, ended):
        self.client.ensure_path("/" + key.rsplit("/", 1)[0])
        # Older versions write the node first and its value later.
        self.client.create("/" + key, b"\x01", ephemeral=True)
        self.client.set("/" + key, address.encode())
        said(address)
        ended.wait()
        self.client.stop()

    def list(self, folder):
        from kazoo.exceptions import NoNodeError

        try:
            names = self.client.get_children("/" + folder)
            return [self.client.get(f"/{folder}/{name}")[0].decode() for name in names]
        except NoNodeError:
            return []
        finally:
            self.client.stop()


def said(address):
    print(f"joined {address}", file=sys.stderr, flush=True)


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in ("consul", "zk"):
        sys.exit(__doc__)
    kind, server, prefix, verb = sys.argv[1:5]
    folder = prefix.strip("/") + "/docker/swarm/nodes"
    store = Consul(server) if kind == "consul" else ZooKeeper(server)
    if verb == "join":
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        store.join(f"{folder}/{sys.argv[5]}", sys.argv[5], ended)
    else:
        print("\n".join(sorted(store.list(folder))))


main()
