# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# What programs do with docker-py, at the engine or cluster of DOCKER_HOST. Prints what it sees, without
# ids and times: one engine and a cluster print the same.
import hashlib
import io
import socket
import sys
import tarfile
import time

import docker

client = docker.from_env(timeout=60)
api = client.api


def say(what, value):
    print(f"{what}: {value}", flush=True)


def error(what, call):
    try:
        say(what, call())
    except docker.errors.APIError as problem:
        say(what, f"{type(problem).__name__} {problem.status_code}")


def tar(name, content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def raw(stream):
    """The socket below what docker-py gives for a raw stream."""
    return getattr(stream, "_sock", stream)


def read_all(sock):
    data = b""
    while piece := sock.recv(1 << 16):
        data += piece
    return data


def containers():
    say("run", client.containers.run("busybox", ["echo", "hello"], remove=True))
    error("run fails", lambda: client.containers.run("busybox", ["/nosuch"], remove=True))
    try:
        client.containers.run("busybox", ["sh", "-c", "echo no >&2; exit 3"], remove=True, stderr=True)
    except docker.errors.ContainerError as problem:
        say("run exits", (problem.exit_status, problem.stderr))
    box = client.containers.create(
        "busybox", ["sh", "-c", "echo ready; while read l; do echo got $l; done; echo end"], name="py-box",
        labels={"py": "1"}, stdin_open=True, ports={"80/tcp": None}, environment={"A": "b"})
    sock = raw(box.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1}))
    box.start()
    say("name", box.name)
    say("listed", [c.name for c in client.containers.list(filters={"label": "py=1"})])
    say("status", client.containers.get("py-box").status)
    bindings = client.containers.get("py-box").ports["80/tcp"]
    say("port", all(int(b["HostPort"]) > 0 for b in bindings))
    sock.sendall(b"one\ntwo\n")
    sock.shutdown(socket.SHUT_WR)
    data = read_all(sock)
    say("attached", data.endswith(b"end\n"))
    say("waited", box.wait()["StatusCode"])
    say("logs", box.logs())
    box.remove()
    box = client.containers.run("busybox", ["sleep", "600"], name="py-box", labels={"py": "1"}, detach=True)
    box.rename("py-box2")
    box.reload()
    say("renamed", (box.name, box.status))
    say("top", len(box.top()["Processes"]) > 0)
    say("stats", sorted(set(box.stats(stream=False)) & {"cpu_stats", "memory_stats", "networks"}))
    sample = next(box.stats(stream=True, decode=True))
    say("stats stream", "cpu_stats" in sample)
    box.pause()
    box.reload()
    say("paused", box.status)
    box.unpause()
    box.kill()
    box.remove()
    error("gone", lambda: client.containers.get("py-box2"))
    say("pruned", client.containers.prune(filters={"label": "py=1"})["SpaceReclaimed"])


def follow():
    box = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done"], detach=True)
    say("followed", list(box.logs(stream=True, follow=True)))
    say("tail", box.logs(tail=1))
    say("stamped", box.logs(timestamps=True).count(b"Z "))
    box.remove()
    box = client.containers.run("busybox", ["sleep", "600"], detach=True, tty=True)
    stream = box.attach(stream=True, logs=True)
    box.kill()
    say("attach ends", list(stream))
    box.remove(force=True)


def execs():
    box = client.containers.run("busybox", ["sleep", "600"], detach=True, name="py-exec")
    say("exec", box.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True))
    say("exec tty", box.exec_run(["sh", "-c", "test -t 1 && echo tty"], tty=True))
    say("exec stream", b"".join(box.exec_run(["seq", "5"], stream=True)[1]))
    say("exec environment", box.exec_run("env", environment={"X": "y z"}).output.count(b"X=y z"))
    say("exec detached", box.exec_run(["touch", "/f"], detach=True).output)
    made = api.exec_create(box.id, ["sh", "-c", "cat; echo end"], stdin=True)["Id"]
    sock = raw(api.exec_start(made, socket=True))
    payload = b"x" * (1 << 20)
    received = bytearray()
    sock.settimeout(60)
    # Both directions at once: neither may wait for the other.
    sender = __import__("threading").Thread(target=lambda: (sock.sendall(payload), sock.shutdown(socket.SHUT_WR)))
    sender.start()
    received += read_all(sock)
    sender.join()
    plain, rest = b"", bytes(received)
    while rest:
        size = int.from_bytes(rest[4:8], "big")
        plain, rest = plain + rest[8:8 + size], rest[8 + size:]
    say("exec socket", hashlib.sha256(plain).hexdigest() == hashlib.sha256(payload + b"end\n").hexdigest())
    say("exec inspect", (api.exec_inspect(made)["ExitCode"], api.exec_inspect(made)["Running"]))
    made = api.exec_create(box.id, ["sh", "-c", "sleep 0.5; stty size"], tty=True, stdin=True)["Id"]
    sock = raw(api.exec_start(made, tty=True, socket=True))
    api.exec_resize(made, height=33, width=99)
    say("exec resized", read_all(sock).strip())
    error("no exec", lambda: api.exec_inspect("0" * 64))
    box.remove(force=True)


def archives():
    box = client.containers.run("busybox", ["sleep", "600"], detach=True, name="py-archive")
    content = bytes(range(256)) * 4096
    say("put", box.put_archive("/tmp", tar("f", content)))
    stream, stat = box.get_archive("/tmp/f")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        say("get", (stat["name"], stat["size"], archive.extractfile("f").read() == content))
    error("get nothing", lambda: box.get_archive("/nosuch"))
    say("diff", any(change["Path"] == "/tmp/f" for change in box.diff()))
    say("export", sum(len(piece) for piece in box.export()) > len(content))
    image = box.commit(repository="py-image", tag="x")
    say("commit", image.tags)
    box.remove(force=True)
    say("image has it", client.containers.run("py-image:x", ["sha256sum", "/tmp/f"], remove=True).split()[0].decode()
        == hashlib.sha256(content).hexdigest())
    client.images.remove("py-image:x")


def images():
    image = client.images.get("busybox")
    say("image", image.tags)
    saved = b"".join(image.save(named=True))
    say("tag", image.tag("py-tag", "x"))
    say("tagged", "py-tag:x" in client.images.get("busybox").tags)
    say("history", len(client.images.get("busybox").history()) > 0)
    client.images.remove("py-tag:x")
    say("loaded", [loaded.tags for loaded in client.images.load(saved)])
    say("found", [found.tags for found in client.images.list(name="busybox")])
    dockerfile = b"FROM busybox\nRUN echo built >/built\nCMD cat /built\n"
    built, log = client.images.build(fileobj=io.BytesIO(dockerfile), tag="py-built:x", rm=True)
    say("built", (built.tags, any("Successfully built" in line.get("stream", "") for line in log)))
    say("runs", client.containers.run("py-built:x", remove=True))
    client.images.remove("py-built:x")
    error("no image", lambda: client.images.get("nosuch:x"))
    say("imported", "py-import" in api.import_image_from_data(tar("f", b"x"), repository="py-import", tag="x")
        or client.images.get("py-import:x").tags)
    client.images.remove("py-import:x")
    say("df", sorted(client.df())[:3])


def networks():
    network = client.networks.create("py-net", driver="bridge", labels={"py": "1"})
    say("network", (network.name, [n.name for n in client.networks.list(names=["py-net"])]))
    server = client.containers.run(
        "busybox", ["sh", "-c", "echo hi >/index.html; exec httpd -f -h /"], network="py-net", name="py-web", detach=True)
    say("by name", client.containers.run(
        "busybox", ["wget", "-q", "-O", "-", "http://py-web/"], network="py-net", remove=True))
    network.disconnect(server)
    network.connect(server, aliases=["other"])
    say("by alias", client.containers.run(
        "busybox", ["wget", "-q", "-O", "-", "http://other/"], network="py-net", remove=True))
    network.reload()
    say("members", [c.name for c in network.containers])
    server.remove(force=True)
    network.remove()
    error("no network", lambda: client.networks.get("py-net"))


def volumes():
    volume = client.volumes.create("py-vol", labels={"py": "1"})
    say("volume", (volume.name, client.volumes.get("py-vol").name))
    mount = {"py-vol": {"bind": "/v", "mode": "rw"}}
    client.containers.run("busybox", ["sh", "-c", "echo kept >/v/f"], volumes=mount, remove=True)
    say("kept", client.containers.run("busybox", ["cat", "/v/f"], volumes=mount, remove=True))
    say("volumes", len(client.volumes.list(filters={"label": "py=1"})))
    volume.remove()
    error("no volume", lambda: client.volumes.get("py-vol"))


def events():
    start = time.time()
    stream = client.events(decode=True, filters={"type": "container", "event": ["create", "start", "die", "destroy"],
                                                 "container": "py-event"})
    client.containers.run("busybox", ["true"], name="py-event", remove=True)
    seen = []
    for event in stream:
        seen.append((event["Action"], event["Actor"]["Attributes"]["name"]))
        if event["Action"] == "destroy":
            break
    stream.close()
    say("events", seen)
    past = client.events(decode=True, since=int(start), until=int(time.time()) + 1, filters={"container": "py-event"})
    say("past", [event["Action"] for event in past])


say("ping", client.ping())
for part in [containers, follow, execs, archives, images, networks, volumes, events]:
    print(f"# {part.__name__}")
    part()
sys.exit(0)
