# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""A connection to a manager or an engine whose sending side can be closed alone, also with TLS."""
import json
import socket
import ssl
import threading
import urllib.parse

PIECE = 1 << 16


class Connection:
    """One connection to `tcp://HOST:PORT`, `tls://HOST:PORT` (with certificates) or `unix:///PATH`."""

    def __init__(self, address, certificates=None, timeout=120):
        scheme, rest = address.split("://", 1)
        if scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(rest)
        else:
            host, port = rest.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.tls = None
        # The machine of TLS is for one thread at a time, and what it makes must leave in its order.
        self.lock, self.order = threading.Lock(), threading.Lock()
        self.pending = b""
        if scheme == "tls":
            context = ssl.create_default_context(cafile=f"{certificates}/ca.pem")
            context.load_cert_chain(f"{certificates}/cert.pem", f"{certificates}/key.pem")
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
            self.step(self.tls.do_handshake)
            self.flush()

    def step(self, call, *arguments):
        """Runs a call of the TLS machine until it wants nothing more."""
        while True:
            try:
                with self.lock:
                    return call(*arguments)
            except ssl.SSLWantReadError:
                self.flush(waits=False)
                data = self.socket.recv(PIECE)
                with self.lock:
                    if data:
                        self.incoming.write(data)
                    else:
                        self.incoming.write_eof()

    def flush(self, waits=True):
        """Sends what the machine has made; without `waits` leaves that to a thread that is at it."""
        if not self.order.acquire(blocking=waits):
            return
        try:
            while data := self.outgoing.read():
                self.socket.sendall(data)
        finally:
            self.order.release()

    def send(self, data):
        if self.tls is None:
            self.socket.sendall(data)
            return
        view = memoryview(data)
        while view:
            with self.lock:
                written = self.tls.write(view[:PIECE])
            view = view[written:]
            self.flush()

    def close_output(self):
        """Half-close: FIN, and before it close_notify with TLS."""
        if self.tls is None:
            self.socket.shutdown(socket.SHUT_WR)
            return
        try:
            with self.lock:
                self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            pass
        self.flush()

    def receive(self, limit=PIECE):
        """The next bytes; none at the end."""
        if self.pending:
            data, self.pending = self.pending[:limit], self.pending[limit:]
            return data
        if self.tls is None:
            return self.socket.recv(limit)
        try:
            return self.step(self.tls.read, limit)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as problem:
            # After our close_notify the library reports the peer's in its own way.
            if "SHUTDOWN" in str(problem) or "shutdown" in str(problem):
                return b""
            raise

    def exactly(self, count):
        """`count` bytes, fewer only at the end."""
        parts = []
        while count > 0 and (data := self.receive(min(count, PIECE))):
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def request(self, method, path, body=None, headers=()):
        """Sends a request and returns status and header; the body follows on the connection."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} /v1.41{path} HTTP/1.1", "Host: docker", f"Content-Length: {len(content)}", *headers]
        if body is not None:
            lines.append("Content-Type: application/json")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.receive()
            if not data:
                raise EOFError(f"{method} {path}: closed after {head!r}")
            head += data
        head, self.pending = head.split(b"\r\n\r\n", 1)
        fields = head.decode().split("\r\n")
        values = {name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields[1:])}
        return int(fields[0].split()[1]), values

    def body(self, headers):
        """The whole body of an answer."""
        if "content-length" in headers:
            return self.exactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") != "chunked":
            return b""
        data = b""
        while size := int(self.line(), 16):
            data += self.exactly(size)
            self.line()
        self.line()
        return data

    def line(self):
        text = b""
        while not text.endswith(b"\r\n"):
            text += self.exactly(1)
        return text.strip()

    def close(self):
        self.socket.close()


class Server:
    """Where connections go; small calls have one of their own."""

    def __init__(self, address, certificates=None):
        self.address = address
        self.certificates = certificates

    def connect(self, timeout=120):
        return Connection(self.address, self.certificates, timeout)

    def call(self, method, path, body=None, query=None):
        """The JSON of an answer; raises for statuses of 400 and above."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        connection = self.connect()
        try:
            status, headers = connection.request(method, path, body, ["Connection: close"])
            content = connection.body(headers)
        finally:
            connection.close()
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {content.decode()}")
        return json.loads(content) if content.strip().startswith((b"{", b"[")) else content
