# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Raw streams of attach and exec in all their forms, at one address.

Prints a line for each form, `ok` or what went wrong, and exits with 1 if anything did. Every body is
hashed on both sides.
"""
import argparse
import base64
import hashlib
import json
import os
import sys
import threading
import time
import traceback

from connection import Server

UPGRADE = ["Connection: Upgrade", "Upgrade: tcp"]
# Any bytes but ctrl-p, with which the keys begin that detach from a terminal.
BLOCK = os.urandom(1 << 20).replace(b"\x10", b"\x12")


def plain(connection, is_tty):
    """The bytes of a raw stream, without the frames that a stream without terminal has."""
    while True:
        if is_tty:
            data = connection.receive()
            if not data:
                return
            yield data
            continue
        header = connection.exactly(8)
        if not header:
            return
        left = int.from_bytes(header[4:8], "big")
        while left:
            data = connection.receive(min(left, 1 << 16))
            if not data:
                raise EOFError("the stream ended inside a frame")
            left -= len(data)
            yield data


class Matrix:
    def __init__(self, server, size, label=""):
        self.server = server
        self.size = size
        self.label = label + ": " if label else ""
        # Of the containers that this run makes.
        self.mark = str(os.getpid())
        self.failed = False

    def row(self, name, check):
        start = time.monotonic()
        try:
            problem = check()
        except Exception as error:  # every row is run, whatever happened to the one before
            problem = f"{type(error).__name__}: {error}"
            traceback.print_exc(file=sys.stderr)
        self.failed = self.failed or problem is not None
        print(f"{self.label}{name}: {problem or 'ok'}", flush=True)
        print(f"{self.label}{name}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)

    # The two ways to a raw stream.

    def exec_stream(self, command, is_tty, has_stdin, headers=UPGRADE, timeout=120, **more):
        made = self.server.call("POST", f"/containers/{self.box}/exec", {
            "Cmd": command, "Tty": is_tty, "AttachStdin": has_stdin, "AttachStdout": True, "AttachStderr": True, **more})
        connection = self.server.connect(timeout)
        status, answer = connection.request(
            "POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": is_tty}, headers)
        self.check_upgrade(status, answer, headers)
        return connection, made["Id"]

    def attach_stream(self, command, is_tty, has_stdin, headers=UPGRADE, query="", timeout=120):
        made = self.server.call("POST", "/containers/create", {
            "Image": "busybox", "Cmd": command, "Tty": is_tty, "OpenStdin": has_stdin, "StdinOnce": has_stdin,
            "AttachStdin": has_stdin, "AttachStdout": True, "AttachStderr": True, "Labels": {"streams": self.mark},
            # What is attached would be logged too, four bytes for each.
            "HostConfig": {"LogConfig": {"Type": "none"}}})["Id"]
        connection = self.server.connect(timeout)
        stdin = "&stdin=1" if has_stdin else ""
        status, answer = connection.request(
            "POST", f"/containers/{made}/attach?stream=1&stdout=1&stderr=1{stdin}{query}", None, headers)
        self.check_upgrade(status, answer, headers)
        self.server.call("POST", f"/containers/{made}/start")
        return connection, made

    @staticmethod
    def check_upgrade(status, answer, headers):
        wanted = 101 if headers else 200
        if status != wanted or not answer.get("content-type", "").startswith("application/vnd.docker."):
            raise RuntimeError(f"status {status} {answer} instead of {wanted}")

    # Bodies.

    def body_row(self, open_stream, is_tty, stdin):
        """Sends `size` bytes, unless stdin is closed, and compares what comes back."""
        raw = "stty raw -echo; " if is_tty else ""
        if stdin == "closed":
            command = f"{raw}dd if=/dev/zero bs=65536 count={self.size >> 16} 2>/dev/null | tr '\\0' x"
        elif stdin == "half-closed":
            command = f"{raw}echo ready; cat"
        else:
            command = f"{raw}echo ready; head -c {self.size}"
        connection, _ = open_stream(["sh", "-c", command], is_tty, stdin != "closed")
        sent, received = hashlib.sha256(), hashlib.sha256()
        ends = stdin == "half-closed" and not is_tty
        sender = threading.Thread(target=self.feed, args=(connection, sent, ends), daemon=True)
        ready = b"" if stdin == "closed" else b"ready\n"
        early = b""
        count = 0
        for data in plain(connection, is_tty):
            if ready:
                early += data
                if len(early) < len(ready):
                    continue
                if not early.startswith(ready):
                    return f"began with {early[:40]!r}"
                data, ready = early[len(ready):], b""
                sender.start()
            received.update(data)
            count += len(data)
            if count == self.size and is_tty and stdin == "half-closed":
                # An engine takes a half-close of a terminal for its end, and drops what is on its way out.
                sender.join(60)
                connection.close_output()
        connection.close()
        if stdin == "closed":
            for _ in range(self.size >> 16):
                sent.update(b"x" * 65536)
        else:
            sender.join(60)
        if sent.digest() != received.digest():
            return f"{count} of {self.size} bytes came back, or others"
        return None

    def feed(self, connection, digest, ends):
        left = self.size
        while left:
            data = BLOCK[:min(left, len(BLOCK))]
            digest.update(data)
            connection.send(data)
            left -= len(data)
        if ends:
            connection.close_output()

    def bodies(self):
        for kind, open_stream in [("exec", self.exec_stream), ("attach", self.attach_stream)]:
            for is_tty in [False, True]:
                for stdin in ["closed", "half-closed", "open"]:
                    name = f"{kind} {'tty' if is_tty else 'no tty'} stdin {stdin}"
                    self.row(name, lambda: self.body_row(open_stream, is_tty, stdin))

    # Everything else.

    def old_form(self, open_stream):
        connection, _ = open_stream(["cat"], False, True, headers=[])
        connection.send(b"old form\n")
        connection.close_output()
        return self.compare(b"".join(plain(connection, False)), b"old form\n")

    def read_late(self, wait):
        """A program that takes nothing for a while is slow, not gone."""
        connection, _ = self.exec_stream(["sh", "-c", f"sleep {wait}; wc -c"], False, True, timeout=wait + 120)
        size = 16 << 20
        sender = threading.Thread(target=lambda: (connection.send(bytes(size)), connection.close_output()), daemon=True)
        sender.start()
        return self.compare(b"".join(plain(connection, False)).strip(), str(size).encode())

    def detached(self):
        made = self.server.call("POST", f"/containers/{self.box}/exec", {"Cmd": ["sh", "-c", "echo x >/detached"]})["Id"]
        self.server.call("POST", f"/exec/{made}/start", {"Detach": True})
        deadline = time.monotonic() + 60
        while (state := self.server.call("GET", f"/exec/{made}/json"))["Running"]:
            if time.monotonic() > deadline:
                return "it still runs after a minute"
            time.sleep(0.05)
        return self.compare(state["ExitCode"], 0)

    def detach_keys(self, kind):
        if kind == "exec":
            connection, made = self.exec_stream(["sh", "-c", "echo up; sleep 600"], True, True, DetachKeys="ctrl-x,x")
        else:
            connection, made = self.attach_stream(["sh", "-c", "echo up; sleep 600"], True, True, query="&detachKeys=ctrl-x,x")
        seen = connection.exactly(4)
        connection.send(b"\x18")
        connection.send(b"x")
        rest = b""
        while data := connection.receive():
            rest += data
        connection.close()
        if kind == "exec":
            # What engines do: the exec ends with its stream.
            return self.compare((seen, b"escape sequence" in rest), (b"up\r\n", True))
        state = self.server.call("GET", f"/containers/{made}/json")["State"]["Running"]
        return self.compare((seen, state), (b"up\r\n", True))

    def resized(self, kind):
        # Prints its size as soon as it is the one asked for.
        command = ["sh", "-c", "until stty size 2>/dev/null | grep -q '^33 99$'; do sleep 0.05; done; stty size"]
        open_stream, path = (self.exec_stream, "exec") if kind == "exec" else (self.attach_stream, "containers")
        connection, made = open_stream(command, True, True)
        self.server.call("POST", f"/{path}/{made}/resize", query={"h": 33, "w": 99})
        return self.compare(b"".join(plain(connection, True)).strip(), b"33 99")

    def websocket(self):
        made = self.server.call("POST", "/containers/create", {
            "Image": "busybox", "Cmd": ["cat"], "OpenStdin": True, "Labels": {"streams": self.mark}})["Id"]
        self.server.call("POST", f"/containers/{made}/start")
        connection = self.server.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        status, answer = connection.request(
            "GET", f"/containers/{made}/attach/ws?stream=1&stdin=1&stdout=1&stderr=1", None,
            ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
             "Origin: http://localhost"])
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        if status != 101 or answer.get("sec-websocket-accept") != accept.decode():
            return f"status {status} {answer}"
        text, mask = b"through a websocket\n", os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
        connection.send(bytes([0x81, 0x80 | len(text)]) + mask + masked)
        echoed = b""
        while not echoed.endswith(b"\n"):
            head = connection.exactly(2)
            if len(head) < 2 or head[1] > 125:
                return f"frame {head!r} after {echoed!r}"
            echoed += connection.exactly(head[1])
        connection.close()
        return self.compare(echoed, text)

    def held(self, traffic, idle):
        """A raw exec stream with a line each half second, then silent, then used again."""
        connection, _ = self.exec_stream(["cat"], True, True, timeout=traffic + idle + 60)
        end, count = time.monotonic() + traffic, 0
        while time.monotonic() < end:
            self.echo(connection, count)
            count += 1
            time.sleep(0.5)
        time.sleep(idle)
        self.echo(connection, count)
        connection.close()

    @staticmethod
    def echo(connection, number):
        line = f"line {number}".encode()
        connection.send(line + b"\n")
        # The terminal's echo, and the program's.
        wanted = (line + b"\r\n") * 2
        got = connection.exactly(len(wanted))
        if got != wanted:
            raise RuntimeError(f"{got!r} instead of {wanted!r}")

    @staticmethod
    def compare(found, wanted):
        return None if found == wanted else f"{found!r} instead of {wanted!r}"

    def run(self, traffic, idle, late):
        version = self.server.call("GET", "/version")["Version"]
        self.box = self.server.call("POST", "/containers/create", {
            "Image": "busybox", "Cmd": ["sleep", "86400"], "Labels": {"streams": self.mark},
            "ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": ""}]}}})["Id"]
        self.server.call("POST", f"/containers/{self.box}/start")
        try:
            self.row("version begins with swarm/", lambda: self.compare(version[:6], "swarm/"))
            bindings = self.server.call("GET", f"/containers/{self.box}/json")["NetworkSettings"]["Ports"]["80/tcp"]
            self.row("published address is the node's", lambda: self.compare(bindings[0]["HostIp"], "127.0.0.1"))
            read_late = threading.Thread(target=self.row, args=("exec read late", lambda: self.read_late(late)))
            read_late.start()
            self.bodies()
            self.row("exec old form", lambda: self.old_form(self.exec_stream))
            self.row("attach old form", lambda: self.old_form(self.attach_stream))
            self.row("exec detached", self.detached)
            for kind in ["exec", "attach"]:
                self.row(f"{kind} detach keys", lambda: self.detach_keys(kind))
                self.row(f"{kind} resize", lambda: self.resized(kind))
            self.row("attach by websocket", self.websocket)
            self.row("exec held", lambda: self.held(traffic, idle))
            read_late.join()
        finally:
            filters = json.dumps({"label": [f"streams={self.mark}"]})
            for made in self.server.call("GET", "/containers/json", query={"all": 1, "filters": filters}):
                self.server.call("DELETE", f"/containers/{made['Id']}", query={"force": 1})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="tcp://HOST:PORT, tls://HOST:PORT or unix:///PATH")
    parser.add_argument("--certificates", help="folder with ca.pem, cert.pem and key.pem")
    parser.add_argument("--mebibytes", type=int, default=32, help="size of each body")
    parser.add_argument("--traffic", type=float, default=3, help="seconds that a stream is held with traffic")
    parser.add_argument("--idle", type=float, default=3, help="seconds that it is then silent")
    parser.add_argument("--late", type=int, default=40, help="seconds that a program waits before it reads")
    parser.add_argument("--label", default="", help="what each line begins with")
    arguments = parser.parse_args()
    matrix = Matrix(Server(arguments.address, arguments.certificates), arguments.mebibytes << 20, arguments.label)
    matrix.run(arguments.traffic, arguments.idle, arguments.late)
    sys.exit(1 if matrix.failed else 0)


if __name__ == "__main__":
    main()
