# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Three managers, three etcd servers and two engines as processes of this machine."""

import asyncio
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from docker_api import Endpoint


def free_ports(count):
    """Ports that nobody listens on, below those that the kernel gives to clients: a server may come back to its own."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


class Relay:
    """Passes connections on to a port; cut, it goes on accepting them and passes nothing."""

    def __init__(self, loop, target):
        self.target = target
        self.open = asyncio.Event()
        self.loop = loop
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), loop).result()

    async def _listen(self):
        self.open.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        try:
            await self.open.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        except OSError:
            pass
        finally:
            writer.close()

    async def _pass(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    def cut(self, is_cut):
        self.loop.call_soon_threadsafe(self.open.clear if is_cut else self.open.set)


class Processes:
    """See the verbs of `rounds.py`; managers and stores are numbered from 0."""

    def __init__(self, program, engines, ttl):
        self.program = program
        self.ttl = ttl
        self.engines = [Endpoint(*address.split(":")) for address in engines]
        self.folder = tempfile.mkdtemp(prefix="swarmctl-failover-")
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        ports = free_ports(9)
        self.store_ports = list(zip(ports[0:3], ports[3:6]))
        self.running = {}
        for number in range(3):
            self.start_store(number)
        self.relays = [[Relay(self.loop, client) for client, _ in self.store_ports] for _ in range(3)]
        self.managers = [Endpoint("127.0.0.1", port) for port in ports[6:9]]
        for engine in self.engines:
            self._run(f"join-{engine.port}", "join", "--advertise", str(engine), "--heartbeat", "5s", "--ttl", "600s",
                      self._url([client for client, _ in self.store_ports]))
        for number in range(3):
            self.start(number)

    def _url(self, ports):
        return "etcd://" + ",".join(f"127.0.0.1:{port}" for port in ports) + "/failover"

    def _run(self, name, *words):
        log = open(f"{self.folder}/{name}.log", "ab")
        program = [] if words[0] == "etcd" else [self.program]
        self.running[name] = subprocess.Popen(program + list(words), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _end(self, name):
        process = self.running.pop(name)
        process.kill()
        process.wait()

    # Managers

    def start(self, number):
        url = self._url([relay.port for relay in self.relays[number]])
        own = str(self.managers[number])
        self._run(f"manager-{number}", "manage", "-H", f"tcp://{own}", "--replication", "--advertise", own,
                  "--replication-ttl", f"{self.ttl}s", "--state-dir", f"{self.folder}/state-{number}", url)

    def kill(self, number):
        self._end(f"manager-{number}")

    def freeze(self, number):
        self.running[f"manager-{number}"].send_signal(signal.SIGSTOP)

    def thaw(self, number):
        self.running[f"manager-{number}"].send_signal(signal.SIGCONT)

    def partition(self, number, is_cut):
        for relay in self.relays[number]:
            relay.cut(is_cut)

    def log(self, number):
        return pathlib.Path(f"{self.folder}/manager-{number}.log").read_text()

    # The store

    def start_store(self, number):
        client, peer = self.store_ports[number]
        members = ",".join(f"s{other}=http://127.0.0.1:{port}" for other, (_, port) in enumerate(self.store_ports))
        self._run(f"store-{number}", "etcd", "--name", f"s{number}", "--data-dir", f"{self.folder}/store-{number}",
                  "--listen-client-urls", f"http://127.0.0.1:{client}",
                  "--advertise-client-urls", f"http://127.0.0.1:{client}",
                  "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                  "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster", members,
                  "--heartbeat-interval", "100", "--election-timeout", "1000")

    def kill_store(self, number):
        self._end(f"store-{number}")

    def store_leader(self):
        """The number of the store's leader; waits until there is one."""
        while True:
            for number, (client, _) in enumerate(self.store_ports):
                try:
                    status = Endpoint("127.0.0.1", client).call("POST", "/v3/maintenance/status", {}, timeout=2)
                    if status.get("leader") == status["header"]["member_id"]:
                        return number
                except Exception:
                    continue
            time.sleep(0.05)

    def close(self):
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
        for process in self.running.values():
            process.wait()
        if os.environ.get("SWARMCTL_KEEP_LOGS"):
            print(f"logs: {self.folder}")
        else:
            shutil.rmtree(self.folder)
