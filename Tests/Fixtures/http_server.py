#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""An HTTP server for the tests of HTTPTransfer; what each path does is said at its method.

Usage: http_server.py [--unix PATH | --tls CERT KEY [--client-ca CA]]
Prints the port (0 for a socket) when it listens, and ends when its standard input does."""
import argparse
import hashlib
import http.server
import json
import os
import socket
import socketserver
import ssl
import sys
import threading
import time

state = {"connections": 0, "flooded": 0, "flaky": 0, "closed": 0}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        state["connections"] += 1

    def log_message(self, *arguments):
        pass

    def address_string(self):
        return "client"

    def reply(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do(self):
        length = int(self.headers.get("Content-Length") or 0)
        digest = hashlib.sha256()
        left = length
        while left > 0:
            chunk = self.rfile.read(min(left, 1 << 16))
            digest.update(chunk)
            left -= len(chunk)
        name, _, argument = self.path[1:].partition("/")
        getattr(self, "on_" + name)(argument, length, digest.hexdigest())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do

    # What the request was, as JSON.
    def on_echo(self, argument, length, digest):
        told = {"method": self.command, "length": length, "sha256": digest, "headers": self.headers.items()}
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        told["client"] = dict(pair[0] for pair in peer["subject"])["commonName"] if peer else ""
        self.reply(json.dumps(told).encode())

    # A status, with headers `a=b` after it.
    def on_status(self, argument, *_):
        status, *headers = argument.split("/")
        self.reply(b"status", int(status), [header.split("=", 1) for header in headers])

    # So many bytes in chunks.
    def on_bytes(self, argument, *_):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        left = int(argument)
        while left > 0:
            chunk = b"x" * min(left, 1 << 16)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            left -= len(chunk)
        self.wfile.write(b"0\r\n\r\n")

    # 64 MiB as fast as the client takes them; `told/flooded` says how many were sent.
    def on_flood(self, *_):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        self.send_response(200)
        self.send_header("Content-Length", str(64 << 20))
        self.end_headers()
        state["flooded"] = 0
        try:
            for _ in range(1024):
                self.wfile.write(b"y" * (1 << 16))
                state["flooded"] += 1 << 16
        except OSError:
            state["closed"] += 1
            self.close_connection = True

    # One of the counters.
    def on_told(self, argument, *_):
        self.reply(str(state[argument]).encode())

    # Status and headers at once, the body never.
    def on_stuck(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.flush()
        self.wait_for_close()

    # Nothing at all.
    def on_silence(self, *_):
        self.wait_for_close()

    def wait_for_close(self):
        try:
            self.connection.recv(1)
        except OSError:
            pass
        state["closed"] += 1
        self.close_connection = True

    # Half of what was announced.
    def on_half(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"half!")
        self.close_connection = True

    # Not HTTP.
    def on_garbage(self, *_):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True

    # Redirects so many times.
    def on_redirect(self, argument, *_):
        left = int(argument)
        target = "/redirect/%d" % (left - 1) if left > 1 else "/echo"
        self.reply(b"elsewhere", 302, [("Location", target)])

    # 503 so many times, then 200.
    def on_flaky(self, argument, *_):
        state["flaky"] += 1
        self.reply(b"flaky", 503 if state["flaky"] <= int(argument) else 200)

    # A head of 256 KiB.
    def on_bighead(self, *_):
        self.reply(b"", 200, [("X-%d" % number, "z" * 1024) for number in range(256)])


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context = None

    def handle_error(self, request, client_address):
        pass

    def finish_request(self, request, client_address):
        if not self.context:
            super().finish_request(request, client_address)
            return
        # The handshake belongs to the connection's own thread.
        request = self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        try:
            request.do_handshake()
        except ssl.SSLError:
            self.let_alert_arrive(request)
            return
        super().finish_request(request, client_address)
        request.close()

    @staticmethod
    def let_alert_arrive(request):
        """Reads what the client still sends: closing before would reset the connection and lose the alert."""
        with socket.socket(fileno=request.detach()) as plain:
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(1 << 12):
                pass


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)
        self.server_name = "socket"
        self.server_port = 0


parser = argparse.ArgumentParser()
parser.add_argument("--unix")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--client-ca")
arguments = parser.parse_args()
server = UnixServer(arguments.unix, Handler) if arguments.unix else Server(("127.0.0.1", 0), Handler)
if arguments.tls:
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(*arguments.tls)
    if arguments.client_ca:
        server.context.verify_mode = ssl.CERT_REQUIRED
        server.context.load_verify_locations(arguments.client_ca)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
os._exit(0)
