# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""What a fail-over test needs of the Docker API, over TCP with or without TLS, each call on a connection of its own."""

import http.client
import json
import socket
import ssl
from urllib.parse import quote


class Refused(Exception):
    """An answer with an error; `status` and the text of its message."""

    def __init__(self, status, message):
        super().__init__(f"{status} {message}")
        self.status = status


class Endpoint:
    """One manager or engine. `tls` is a folder with ca.pem, cert.pem and key.pem, or None."""

    def __init__(self, host, port, tls=None):
        self.host = host
        self.port = port
        self.context = None
        if tls:
            self.context = ssl.create_default_context(cafile=f"{tls}/ca.pem")
            self.context.load_cert_chain(f"{tls}/cert.pem", f"{tls}/key.pem")

    def __str__(self):
        return f"{self.host}:{self.port}"

    def call(self, method, path, body=None, timeout=10):
        """The JSON of the answer, or its text; raises Refused, OSError or http.client.HTTPException."""
        if self.context:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.context)
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status >= 400:
                raise Refused(answer.status, text.strip())
            try:
                return json.loads(text)
            except ValueError:
                return text
        finally:
            connection.close()

    def role(self, timeout=2):
        """`primary`, `replica`, or None when it does not answer; and whom it names as the primary."""
        try:
            status = dict((line[0], line[1]) for line in self.call("GET", "/info", timeout=timeout)["SystemStatus"])
        except (OSError, http.client.HTTPException, Refused, ValueError):
            return None, None
        return status.get("Role"), status.get("Primary", str(self) if status.get("Role") == "primary" else None)

    def create(self, name, timeout, image="busybox"):
        body = {"Image": image, "Cmd": ["sleep", "3600"], "HostConfig": {"NetworkMode": "none"}}
        return self.call("POST", f"/containers/create?name={quote(name)}", body, timeout)["Id"]

    def containers(self, prefix):
        """Name to list of (id, created in ns) of the containers whose names begin with `prefix`, on an engine."""
        found = {}
        filters = quote(json.dumps({"name": [f"^/{prefix}"]}))
        for container in self.call("GET", f"/containers/json?all=1&filters={filters}", timeout=60):
            found[container["Names"][0].lstrip("/")] = container["Id"]
        return found

    def connect(self, timeout):
        raw = socket.create_connection((self.host, self.port), timeout)
        return self.context.wrap_socket(raw, server_hostname=self.host) if self.context else raw


class Exec:
    """`cat` in a container, over one hijacked connection."""

    def __init__(self, endpoint, container, timeout=30):
        config = {"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True, "Tty": True}
        made = endpoint.call("POST", f"/containers/{container}/exec", config, timeout)["Id"]
        self.socket = endpoint.connect(timeout)
        body = b'{"Detach":false,"Tty":true}'
        self.socket.sendall(
            b"POST /exec/%s/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (made.encode(), len(body), body)
        )
        self.rest = b""
        head = self._until(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise OSError(f"no raw stream: {head!r}")
        self.count = 0

    def _until(self, mark):
        while mark not in self.rest:
            bytes = self.socket.recv(4096)
            if not bytes:
                raise OSError("the stream has ended")
            self.rest += bytes
        text, self.rest = self.rest.split(mark, 1)
        return text

    def echo(self, timeout):
        """Sends a line and waits until it has come back; raises OSError when it does not."""
        self.count += 1
        line = b"line %d of this exec" % self.count
        self.socket.settimeout(timeout)
        self.socket.sendall(line + b"\n")
        # The terminal echoes the line, and `cat` repeats it.
        for _ in range(2):
            while line not in self._until(b"\n"):
                pass

    def close(self):
        self.socket.close()
