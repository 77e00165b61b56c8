# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Clients that go away in the middle of a stream: the engines' side ends, and the manager keeps nothing.

Engines' connections are counted in the kernel's table. A pull is held up by a layer that never ends, a
build by a step that sleeps.
"""
import argparse
import hashlib
import io
import json
import os
import socket
import struct
import sys
import tarfile
import threading
import time

from connection import Server

UPGRADE = ["Connection: Upgrade", "Upgrade: tcp"]
KINDS = ["logs", "attach", "exec", "events", "stats", "pull", "logs", "attach", "exec", "build"]


class SlowRegistry:
    """Has one image, whose layer never ends; knows how many engines wait for that.

    Engines ask for manifests without regard to their client, but give up layers that nobody wants.
    """

    LAYER = "sha256:" + "0" * 64
    CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [LAYER]}}).encode()

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = 0
        self.lock = threading.Lock()
        self.config = "sha256:" + hashlib.sha256(self.CONFIG).hexdigest()
        kind = "application/vnd.docker"
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": f"{kind}.distribution.manifest.v2+json",
            "config": {"mediaType": f"{kind}.container.image.v1+json", "size": len(self.CONFIG), "digest": self.config},
            "layers": [{"mediaType": f"{kind}.image.rootfs.diff.tar.gzip", "size": 1 << 30, "digest": self.LAYER}],
        }).encode()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                # Engines try TLS first: what begins otherwise than a request ends the connection.
                while (request := connection.recv(1 << 16)).startswith((b"GET ", b"HEAD ")):
                    path = request.split(b" ")[1].decode()
                    if path.endswith(self.LAYER):
                        self.hang(connection)
                        return
                    body = self.manifest if "/manifests/" in path else self.CONFIG if "/blobs/" in path else b"{}"
                    kind = "application/vnd.docker.distribution.manifest.v2+json" if "/manifests/" in path else "text/plain"
                    digest = "sha256:" + hashlib.sha256(body).hexdigest()
                    head = (f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                            f"Docker-Content-Digest: {digest}\r\n\r\n")
                    connection.sendall(head.encode() + (b"" if request.startswith(b"HEAD ") else body))
            except OSError:
                pass

    def hang(self, connection):
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {1 << 30}\r\n\r\n".encode())
        with self.lock:
            self.open += 1
        try:
            while True:
                connection.sendall(bytes(4096))
                time.sleep(0.02)
        finally:
            with self.lock:
                self.open -= 1


class Killed:
    def __init__(self, server, manager, ports):
        self.server = server
        self.manager = manager
        self.ports = ports
        self.registry = SlowRegistry()
        self.slowest = 0.0
        with io.BytesIO() as buffer:
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                text = b"FROM busybox\nRUN echo step; sleep 86399\n"
                entry = tarfile.TarInfo("Dockerfile")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
            self.context = buffer.getvalue()

    def engine_connections(self):
        """Established connections that end at the engines' ports."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        return {(row[1], row[2]) for row in rows if row[3] == "01" and int(row[1].split(":")[1], 16) in self.ports}

    def sleepers(self):
        """Steps of builds that run on any engine."""
        count = 0
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/cmdline", "rb") as line:
                    count += line.read() == b"sleep\x0086399\x00"
            except OSError:
                pass
        return count

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.manager}/fd"))

    def memory(self):
        with open(f"/proc/{self.manager}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("VmRSS:")).split()[1])

    def open(self, kind):
        """A connection on which a stream is under way."""
        connection = self.server.connect()
        if kind == "exec":
            made = self.server.call("POST", f"/containers/{self.box}/exec", {
                "Cmd": ["sh", "-c", "while echo x; do sleep 0.05; done"], "AttachStdout": True})["Id"]
            connection.request("POST", f"/exec/{made}/start", {"Detach": False}, UPGRADE)
            connection.exactly(10)
        elif kind == "attach":
            connection.request("POST", f"/containers/{self.box}/attach?stream=1&stdout=1", None, UPGRADE)
            connection.exactly(10)
        elif kind == "build":
            path = "/v1.41/build?rm=1&forcerm=1&nocache=1"
            head = f"POST {path} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\n"
            connection.send(f"{head}Content-Length: {len(self.context)}\r\n\r\n".encode() + self.context)
            self.until(lambda: self.sleepers() > 0, "the build's step runs")
        elif kind == "pull":
            path = f"/v1.41/images/create?fromImage=127.0.0.1:{self.registry.port}/slow&tag=x"
            connection.send(f"POST {path} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n".encode())
            self.until(lambda: self.registry.open >= len(self.ports), "all engines ask for the layer")
        else:
            path = {"logs": f"/containers/{self.box}/logs?follow=1&stdout=1", "events": "/events",
                    "stats": f"/containers/{self.box}/stats?stream=1"}[kind]
            connection.request("GET", path)
            if kind != "events":
                connection.exactly(20)
        return connection

    def until(self, condition, what, limit=60):
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > limit:
                raise TimeoutError(f"not within {limit} s: {what}")
            time.sleep(0.01)
        return time.monotonic() - start

    def kill(self, kind, is_reset):
        connection = self.open(kind)
        during = self.engine_connections()
        if is_reset:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        # A connection with a stream on it cannot be used again; the manager's own events serve all clients.
        streams = {"pull": len(self.ports), "events": 0}.get(kind, 1)
        took = self.until(
            lambda: len(during - self.engine_connections()) >= streams and self.registry.open == 0
            and (kind != "build" or self.sleepers() == 0),
            f"engines end after a killed {kind}")
        if took > self.slowest:
            self.slowest = took
            print(f"slowest end so far: {took:.2f} s after {kind}", file=sys.stderr, flush=True)

    def run(self, kills):
        self.box = self.server.call("POST", "/containers/create", {
            "Image": "busybox", "Cmd": ["sh", "-c", "while echo x; do sleep 0.05; done"]})["Id"]
        self.server.call("POST", f"/containers/{self.box}/start")
        # Pools fill, and buffers grow, at first.
        for kind in sorted(set(KINDS)):
            self.kill(kind, False)
        descriptors, memory = self.descriptors(), self.memory()
        for number in range(kills):
            self.kill(KINDS[number % len(KINDS)], number % 3 == 0)
        # Pools keep idle connections for a minute, at most sixteen to an engine.
        more = self.until(lambda: self.descriptors() <= descriptors + 4, "descriptors are back", limit=120)
        grown = self.memory() - memory
        self.server.call("DELETE", f"/containers/{self.box}", query={"force": 1})
        print(f"{kills} kills: slowest end {self.slowest:.2f} s, descriptors {descriptors} to {self.descriptors()} "
              f"after {more:.1f} s, memory {memory} to {memory + grown} KiB", file=sys.stderr, flush=True)
        print(f"engines end: {'ok' if self.slowest < 10 else f'{self.slowest:.1f} s'}")
        print(f"memory: {'ok' if grown < 16384 else f'{grown} KiB more'}")
        return self.slowest < 10 and grown < 16384


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="tcp://HOST:PORT, tls://HOST:PORT or unix:///PATH")
    parser.add_argument("--certificates", help="folder with ca.pem, cert.pem and key.pem")
    parser.add_argument("--manager", type=int, required=True, help="process id of the manager")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--ports", default="24795,24796,24797", help="of the engines")
    arguments = parser.parse_args()
    ports = {int(port) for port in arguments.ports.split(",")}
    killed = Killed(Server(arguments.address, arguments.certificates), arguments.manager, ports)
    sys.exit(0 if killed.run(arguments.kills) else 1)


if __name__ == "__main__":
    main()
