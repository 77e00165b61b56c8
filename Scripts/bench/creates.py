# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Create and start of N containers at one engine and at a manager, by several clients, each over a connection that
stays. Prints the times of both and their ratio; exits with 1 when a request fails."""
import argparse
import http.client
import json
import os
import ssl
import sys
import threading
import time


class Client:
    """One connection with TLS."""

    def __init__(self, port, certificates):
        context = ssl.create_default_context(cafile=f"{certificates}/ca.pem")
        context.load_cert_chain(f"{certificates}/cert.pem", f"{certificates}/key.pem")
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=300, context=context)

    def call(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace').strip()}")
        return json.loads(content) if content else None


def processor(process):
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def create_and_start(port, label, arguments):
    """The seconds of all, and of each create and start together."""
    times, faults, numbers, lock = [], [], iter(range(arguments.count)), threading.Lock()

    def work():
        client = Client(port, arguments.certificates)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None or faults:
                return
            begin = time.monotonic()
            try:
                made = client.call("POST", f"/v1.41/containers/create?name={label}-{number}",
                                   {"Image": "busybox", "Cmd": ["true"], "Labels": {"bench": label}})
                client.call("POST", f"/v1.41/containers/{made['Id']}/start")
            except (OSError, RuntimeError, http.client.HTTPException) as fault:
                faults.append(fault)
                return
            times.append(time.monotonic() - begin)

    begin = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(arguments.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        sys.exit(f"{label}: {faults[0]}")
    return time.monotonic() - begin, sorted(times)


def remove(port, label, arguments):
    client = Client(port, arguments.certificates)
    filters = json.dumps({"label": [f"bench={label}"]}).replace(" ", "")
    for container in client.call("GET", "/v1.41/containers/json?all=1&filters=" + filters.replace('"', "%22")):
        client.call("DELETE", f"/v1.41/containers/{container['Id']}?force=1")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", required=True, help="a folder with ca.pem, cert.pem and key.pem")
    parser.add_argument("--direct", type=int, required=True, help="the port of an engine")
    parser.add_argument("--manager", type=int, required=True, help="the port of the manager")
    parser.add_argument("--process", type=int, required=True, help="the manager's process")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    results = {}
    for label, port in (("direct", arguments.direct), ("manager", arguments.manager)):
        before = processor(arguments.process)
        total, times = create_and_start(port, label, arguments)
        taken = processor(arguments.process) - before
        remove(port, label, arguments)
        results[label] = total
        line = (f"create+start, {arguments.count} by {arguments.clients} clients, {label}: {total:.1f} s, "
                f"p50 {times[len(times) // 2] * 1000:.0f} ms, p99 {times[len(times) * 99 // 100] * 1000:.0f} ms")
        print(line + (f"; the manager's processor time {taken * 1000 / arguments.count:.1f} ms each"
                      if label == "manager" else ""), flush=True)
    print(f"ratio of three engines through the manager to one engine: {results['manager'] / results['direct']:.2f}")


main()
