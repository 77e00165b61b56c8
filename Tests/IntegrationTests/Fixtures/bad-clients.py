# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Sends what no client should to HOST:PORT, and prints a line for each: name, status, and the message.

The slow clients stay open while good requests are timed: the last line is the longest of them, in seconds.
"""
import json
import socket
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)


def connect():
    return socket.create_connection((host, int(port)), timeout=60)


def answer(client):
    data = b""
    try:
        while piece := client.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    head, _, body = data.partition(b"\r\n\r\n")
    status = head.split(b" ")[1].decode() if head.startswith(b"HTTP/1.1 ") else "none"
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        message = ""
    return status, message


def send(name, *pieces):
    client = connect()
    try:
        for piece in pieces:
            client.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass
    print(name, *answer(client), sep="\t")
    client.close()


def head(line, *fields):
    return "\r\n".join([line, "Host: docker", "Connection: close", *fields, "", ""]).encode()


def post(path, body, kind="application/json"):
    return head(f"POST {path} HTTP/1.1", f"Content-Type: {kind}", f"Content-Length: {len(body)}") + body


send("malformed JSON", post("/v1.41/containers/create", b'{"Image":'))
send("JSON that is no object", post("/v1.41/containers/create", b"[1,2"))
send("bad UTF-8 in JSON", post("/v1.41/containers/create", b'{"Image":"\xff\xfe"}'))
send("deep JSON", post("/v1.41/networks/create", b"[" * 1_000_000))
megabyte = b" " * (1 << 20)
large = head("POST /v1.41/containers/create HTTP/1.1", "Content-Type: application/json", f"Content-Length: {100 << 20}")
send("100 MiB of JSON", large, *[megabyte] * 100)
chunked = head("POST /v1.41/containers/create HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked")
send("100 MiB of JSON in chunks", chunked, *[b"100000\r\n" + megabyte + b"\r\n"] * 100, b"0\r\n\r\n")
send("a large header", head("GET /v1.41/info HTTP/1.1", "X-Large: " + "x" * (65 << 10)))
send("many fields", head("GET /v1.41/info HTTP/1.1", *[f"X-{i}: y" for i in range(1000)]))
send("invalid chunking", chunked + b"zz\r\n{}\r\n0\r\n\r\n")
send("a chunk that is too long", chunked + b"2\r\n{}}}\r\n0\r\n\r\n")
send("two lengths", head("POST /v1.41/volumes/create HTTP/1.1", "Content-Length: 2", "Content-Length: 3") + b"{}")
send("length and chunks", head("POST /auth HTTP/1.1", "Content-Length: 2", "Transfer-Encoding: chunked") + b"{}")
send("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
for path in ["/containers/../../etc/passwd", "/containers/%2e%2e%2f%2e%2e%2finfo/json", "/images/a/../b/json"]:
    send("traversal " + path, head(f"GET /v1.41{path} HTTP/1.1"))
send("bad UTF-8 in a name", head("GET /v1.41/containers/%ff%fe/json HTTP/1.1"))
send("bad escape in a query", head("GET /v1.41/containers/json?limit=%zz HTTP/1.1"))
send("an unknown filter", head("GET /v1.41/containers/json?filters=%7B%22nosuch%22%3A%5B%22a%22%5D%7D HTTP/1.1"))
send("filters that are no JSON", head("GET /v1.41/containers/json?filters=%7B HTTP/1.1"))
send("an unknown filter of events", head("GET /v1.41/events?filters=%7B%22nosuch%22%3A%5B%22a%22%5D%7D HTTP/1.1"))

slow = [connect() for _ in range(200)]
for client in slow:
    client.sendall(b"GET /v1.41/info HTTP/1.1\r\nX-Slow: ")
longest = 0.0
for number in range(100):
    for client in slow:
        client.sendall(b"a")
    start = time.monotonic()
    good = connect()
    good.sendall(head("GET /v1.41/containers/json?all=1 HTTP/1.1"))
    assert answer(good)[0] == "200"
    longest = max(longest, time.monotonic() - start)
    good.close()
for client in slow:
    client.close()
print("longest", f"{longest:.3f}", "", sep="\t")
