#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Breaks managers and stores of a cluster, round after round, under a stream of creates and one long exec.

After each round exactly one manager must lead and all must agree who; at the end no container may be lost or doubled,
and the engines' times of creation must never show a later term before an earlier one. Prints the times to a new leader.
"""

import argparse
import collections
import random
import re
import statistics
import sys
import threading
import time

from docker_api import Exec, Refused
from hosts import Hosts
from processes import Processes

KINDS = ["kill", "freeze", "partition", "store-leader", "store"]


class Creates:
    """Creates containers through managers in turn until stopped, and keeps what came of each."""

    def __init__(self, world, patience, pause):
        self.world = world
        self.patience = patience
        self.pause = pause
        self.made = {}
        self.failed = collections.Counter()
        self.unsure = set()
        self.slowest = 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(lane,)) for lane in range(2)]
        for thread in self.threads:
            thread.start()

    def _run(self, lane):
        count = 0
        while not self.stopped.is_set():
            name = f"failover-{lane}-{count}"
            manager = self.world.managers[random.randrange(len(self.world.managers))]
            count += 1
            start = time.monotonic()
            try:
                self.made[name] = manager.create(name, self.patience)
                self.slowest = max(self.slowest, time.monotonic() - start)
            except Refused as error:
                self.failed[str(error)] += 1
                self.unsure.add(name)
            except Exception as error:  # The manager was killed, or is frozen: a client would ask another one.
                self.failed[type(error).__name__] += 1
                self.unsure.add(name)
            self.stopped.wait(self.pause)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


class Failure(Exception):
    pass


def agreed_leader(world, deadline, among=None):
    """The number of the manager that all of `among` name as the leader, and the seconds that took."""
    start = time.monotonic()
    numbers = range(len(world.managers)) if among is None else among
    while True:
        answers = [world.managers[number].role() for number in numbers]
        leaders = [number for number, (role, _) in zip(numbers, answers) if role == "primary"]
        named = {primary for _, primary in answers}
        if len(leaders) == 1 and len(named) == 1:
            return leaders[0], time.monotonic() - start
        if time.monotonic() - start > deadline:
            raise Failure(f"no agreement on a leader after {deadline} s: {answers}")
        time.sleep(0.05)


def break_leader(world, kind, leader, hold, limit):
    """Breaks the leader for `hold` seconds, longer than its lease; returns the seconds until another leads."""
    others = [number for number in range(len(world.managers)) if number != leader]
    begin = time.monotonic()
    if kind == "kill":
        world.kill(leader)
    elif kind == "freeze":
        world.freeze(leader)
    else:
        world.partition(leader, True)
    try:
        agreed_leader(world, limit, others)
        taken = time.monotonic() - begin
        # The old leader comes back to a world that has gone on.
        time.sleep(max(0, hold - taken))
    finally:
        if kind == "kill":
            world.start(leader)
        elif kind == "freeze":
            world.thaw(leader)
        else:
            world.partition(leader, False)
    return taken


def break_store(world, kind, ttl, limit):
    """Kills the store's leader, or all of it for a while; returns the seconds until a manager leads again."""
    numbers = [world.store_leader()] if kind == "store-leader" else list(range(3))
    begin = time.monotonic()
    for number in numbers:
        world.kill_store(number)
    if kind == "store":
        time.sleep(ttl / 2 if random.random() < 0.5 else 1.5 * ttl)
        for number in numbers:
            world.start_store(number)
        begin = time.monotonic()
    agreed_leader(world, limit)
    taken = time.monotonic() - begin
    if kind == "store-leader":
        world.start_store(numbers[0])
        world.store_leader()
    return taken


class LongExec:
    """One exec through a replica, opened again only when the manager that carried it was killed."""

    def __init__(self, world, container, limit):
        self.world, self.container, self.limit = world, container, limit
        self.stream = None
        self.opened = 0

    def through(self, leader):
        """Opens it through a manager that does not lead, unless it is open."""
        if self.stream:
            return
        self.via = (leader + 1) % len(self.world.managers)
        self.leader = leader
        self.stream = Exec(self.world.managers[self.via], self.container, self.limit)
        self.opened += 1
        self.stream.echo(self.limit)

    def killed(self, manager):
        if self.stream and manager in (self.leader, self.via):
            self.stream.close()
            self.stream = None

    def check(self):
        if self.stream:
            self.stream.echo(self.limit)


def check_containers(world, creates):
    """Every container that was acknowledged is there once, with the id that was told; no other name is there twice."""
    found = collections.defaultdict(list)
    for engine in world.engines:
        for name, id in engine.containers("failover-").items():
            found[name].append(id)
    doubled = {name: ids for name, ids in found.items() if len(ids) > 1}
    lost = [name for name, id in creates.made.items() if found.get(name) != [id] and name not in doubled]
    strangers = set(found) - set(creates.made) - creates.unsure
    if doubled or lost or strangers:
        raise Failure(f"doubled {doubled}, lost {lost}, unasked for {strangers}")
    return len(found)


def check_answers(creates):
    """A manager that lives lets a request wait for a leader: it refuses only what was under way in a lost lead."""
    allowed = ("was lost during the call", "lost the lead of the cluster during the call")
    refused = [answer for answer in creates.failed if answer[:3].isdigit() and not any(a in answer for a in allowed)]
    if refused:
        raise Failure(f"creates were refused: {refused}")


def check_terms(world):
    """From the logs, who placed what in which term; from the engines, when: terms follow each other."""
    terms, placed = {}, {}
    for number in range(len(world.managers)):
        for line in world.log(number).splitlines():
            fields = dict(re.findall(r"(\w+)=(\S+)", line))
            if line.endswith("leads the cluster"):
                if terms.setdefault(fields["term"], number) != number:
                    raise Failure(f"two managers led in term {fields['term']}")
            elif line.endswith("placed container"):
                placed[fields["container"]] = (int(fields["term"]), number)
    created = []
    for engine in world.engines:
        for id in engine.containers("failover-").values():
            if id[:12] in placed:
                created.append((engine.call("GET", f"/containers/{id}/json")["Created"], *placed[id[:12]]))
    created.sort()
    for before, after in zip(created, created[1:]):
        if before[1] > after[1]:
            raise Failure(f"placed in term {before[1]} by manager {before[2]}, then in {after[1]} by {after[2]}")
    for _, term, number in created:
        if terms.get(str(term)) != number:
            raise Failure(f"manager {number} placed in term {term}, which it did not lead")
    return len(terms)


def remove_containers(world):
    for engine in world.engines:
        for id in engine.containers("failover-").values():
            engine.call("DELETE", f"/containers/{id}?force=1", timeout=60)


def play(world, rounds, kinds, ttl, frozen, pause):
    limit = 3 * ttl + 30
    leader, seconds = agreed_leader(world, limit)
    print(f"first leader after {seconds:.1f} s", flush=True)
    remove_containers(world)
    target = world.managers[leader].create("long-exec", limit)
    world.managers[leader].call("POST", f"/containers/{target}/start", timeout=limit)
    long_exec = LongExec(world, target, limit)
    creates = Creates(world, limit, pause)
    times = collections.defaultdict(list)
    try:
        for number in range(rounds):
            kind = kinds[number % len(kinds)]
            long_exec.through(leader)
            if kind in ("store-leader", "store"):
                taken = break_store(world, kind, ttl, limit)
            else:
                if kind == "kill":
                    long_exec.killed(leader)
                taken = break_leader(world, kind, leader, max(2 * ttl, frozen if kind == "freeze" else 0), limit)
            times[kind].append(taken)
            old, (leader, _) = leader, agreed_leader(world, limit)
            long_exec.check()
            print(f"round {number + 1}: {kind}: manager {old} -> {leader} after {taken:.1f} s", flush=True)
    finally:
        creates.stop()
    check_answers(creates)
    count = check_containers(world, creates)
    terms = check_terms(world)
    world.managers[leader].call("DELETE", f"/containers/{target}?force=1", timeout=60)
    remove_containers(world)
    print(f"{count} containers, {len(creates.made)} acknowledged, none lost or doubled; {terms} terms in order; "
          f"slowest create {creates.slowest:.1f} s; long exec opened {long_exec.opened} times")
    print("creates not acknowledged:", dict(creates.failed))
    for kind, values in times.items():
        print(f"{kind}: time to a leader p50 {statistics.median(values):.1f} s, max {max(values):.1f} s, "
              f"{len(values)} rounds")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--ttl", type=int, default=4, help="of the lease, seconds")
    parser.add_argument("--frozen", type=int, default=0, help="how long a leader is frozen at least, seconds")
    parser.add_argument("--pause", type=float, default=0.2, help="between two creates, seconds")
    parser.add_argument("--program", default=".build/debug/swarmctl")
    parser.add_argument("--hosts", metavar="CLUSTER", help="make this cluster on hosts of the local driver instead")
    parser.add_argument("--image", metavar="FILE", help="of busybox, to load on the hosts")
    parser.add_argument("engines", nargs="*", metavar="HOST:PORT", help="engines without TLS, with image busybox")
    words = parser.parse_args()
    if words.hosts:
        world = Hosts(words.program, words.hosts, words.ttl)
    else:
        world = Processes(words.program, words.engines, words.ttl)
    try:
        if words.hosts:
            world.load(words.image)
        play(world, words.rounds, words.kinds.split(","), words.ttl, words.frozen, words.pause)
    except Failure as failure:
        print(f"failed: {failure}", file=sys.stderr)
        for number in range(len(world.managers)):
            print(f"--- manager {number}\n" + "\n".join(world.log(number).splitlines()[-30:]), file=sys.stderr)
        sys.exit(1)
    finally:
        world.close()


if __name__ == "__main__":
    main()
