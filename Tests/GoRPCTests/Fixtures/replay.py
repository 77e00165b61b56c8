#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Plays the part of a driver plug-in: expects the recorded requests byte for byte, and sends the
recorded replies. Prints its address like a plug-in; ends with status 1 at the first other byte.

replay.py RECORD
"""
import re
import socket
import sys

HANDSHAKE = b"CONNECT /_goRPC_ HTTP/1.0\n\n"


def exchanges(path):
    """(method, request, reply) for each call of the record."""
    calls, side = [], None
    for line in open(path, encoding="utf-8"):
        if line.startswith("=== CALL "):
            calls.append([line.split()[2], b"", b""])
        elif line.startswith(("C->S", "S->C")):
            side = 1 if line.startswith("C->S") else 2
        elif re.match(r"[0-9a-f]{8}  ", line):
            calls[-1][side] += bytes.fromhex(line[10:59])
    return calls


def receive(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            break
        data += more
    return data


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    if receive(connection, len(HANDSHAKE)) != HANDSHAKE:
        sys.exit("no handshake")
    connection.sendall(b"HTTP/1.0 200 Connected to Go RPC\n\n")
    for method, request, reply in exchanges(sys.argv[1]):
        got = receive(connection, len(request))
        if got != request:
            sys.exit("%s: expected %s, not %s" % (method, request.hex(), got.hex()))
        connection.sendall(reply)


main()
