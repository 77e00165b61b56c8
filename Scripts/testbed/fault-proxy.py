#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Stands before an engine and makes it look faulty.

Usage: fault-proxy.py LISTEN-PORT ENGINE-PORT MODE-FILE

MODE-FILE is read for each piece of data that passes; what is in it holds from then on:
  pass              nothing is changed
  garbage           every request is answered with a web page
  hang TEXT         a request whose first line contains TEXT is never answered
  clock SECONDS     the engine's clock is that much ahead: all times it says, and those it is asked about
  replace OLD NEW   OLD, in what the engine says, is NEW, which has as many bytes
"""
import datetime
import re
import socket
import sys
import threading

PAGE = b"<html>no engine here</html>"
GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


def mode():
    with open(sys.argv[3], encoding="utf-8") as file:
        return file.read().strip().split(" ")


def shift_number(text, seconds):
    return str(int(text) + seconds).encode()


def shift_stamp(match, seconds):
    """Moves `2026-01-02T03:04:05`; what follows the seconds stays."""
    try:
        time = datetime.datetime.strptime(match.group(0).decode(), "%Y-%m-%dT%H:%M:%S")
        return (time + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").encode()
    except (ValueError, OverflowError):
        return match.group(0)


def from_engine(data, words):
    """Every change keeps the number of bytes, so that lengths of bodies and chunks stay right."""
    if words[0] == "clock":
        seconds = int(words[1])
        data = re.sub(rb'("time":)(\d{10})\b', lambda m: m.group(1) + shift_number(m.group(2), seconds), data)
        data = re.sub(
            rb'("timeNano":)(\d{19})\b', lambda m: m.group(1) + shift_number(m.group(2), seconds * 10**9), data
        )
        data = re.sub(rb"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", lambda m: shift_stamp(m, seconds), data)
        data = re.sub(rb'("Created":)(\d{10})\b', lambda m: m.group(1) + shift_number(m.group(2), seconds), data)
    elif words[0] == "replace":
        data = data.replace(words[1].encode(), words[2].encode())
    return data


def from_client(data, words):
    if words[0] == "clock":
        seconds = int(words[1])
        data = re.sub(rb"((?:since|until)=)(\d{10})", lambda m: m.group(1) + shift_number(m.group(2), -seconds), data)
    return data


def pump(source, target, change):
    try:
        while data := source.recv(1 << 16):
            changed = change(data)
            if changed is not None:
                target.sendall(changed)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client):
    engine = socket.create_connection(("127.0.0.1", int(sys.argv[2])))

    def request(data):
        words = mode()
        if words[0] == "garbage":
            client.sendall(GARBAGE)
            return None
        if words[0] == "hang" and words[1].encode() in data.split(b"\r\n", 1)[0]:
            return None
        return from_client(data, words)

    def answer(data):
        words = mode()
        if words[0] == "garbage":
            raise OSError("the engine has nothing to say")
        return from_engine(data, words)

    threading.Thread(target=pump, args=(engine, client, answer), daemon=True).start()
    pump(client, engine, request)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
    print("ready", file=sys.stderr, flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
