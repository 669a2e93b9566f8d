"""The probe: carries questions to name servers and prints what came back. It is handed over as text and runs anywhere.

Python 3.9 and its standard library only. It understands nothing of DNS: the worker writes the questions and reads the
answers. Input is one JSON object as its first argument; output is one line of JSON for each thing seen, marked, since a
container's log may hold other lines too.
"""

from __future__ import annotations

import base64
import glob
import json
import os
import selectors
import socket
import sys
import threading
import time
from typing import Any

BEGAN = time.monotonic()
LOCK = threading.Lock()
SPARE = 0.6  # seconds for what is asked beside the rest, and not waited for


def say(**what: object) -> None:
    with LOCK:
        print("dnsmedic: " + json.dumps(what, separators=(",", ":")), flush=True)


def spent() -> float:
    return round(time.monotonic() - BEGAN, 4)


class Try:
    """One question on its way, on a socket of its own."""

    def __init__(self, asked: dict[str, Any], number: int) -> None:
        self.asked, self.number, self.began, self.got = asked, number, time.monotonic(), b""
        self.wire = base64.b64decode(asked.get("wire", ""))
        self.tcp = asked["how"] != "udp"
        family = socket.AF_INET6 if ":" in asked["to"] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        if asked.get("from"):
            self.socket.bind(("", asked["from"]))
        try:
            self.socket.connect((asked["to"], asked.get("port", 53)))
        except BlockingIOError:
            pass
        self.sent = False
        if not self.tcp:
            self.socket.send(self.wire)
            self.sent = True

    def ready(self, writable: bool) -> bytes | None:
        """The whole answer once it is there; b"" where a connection was all that was asked."""
        if not self.sent:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
            if self.asked["how"] == "connect":
                return b""
            if writable:
                self.socket.send(len(self.wire).to_bytes(2, "big") + self.wire)
                self.sent = True
            return None
        piece = self.socket.recv(65535)
        if not self.tcp:
            return piece if piece[:2] == self.wire[:2] else None
        if not piece:
            raise ConnectionResetError("closed without an answer")
        self.got += piece
        size = int.from_bytes(self.got[:2], "big")
        return self.got[2 : 2 + size] if len(self.got) >= 2 + size else None


class Round:
    """All questions at once, each asked again once where it stays silent, within one deadline."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.again, self.short, self.long = plan["again"], plan["short"], plan["long"]
        self.left = {one["id"]: one for one in plan["ask"]}
        self.repeat = {one["id"] for one in plan["ask"] if one.get("again", True)}
        self.alive: set[str] = set()
        self.eyes = selectors.DefaultSelector()

    def run(self) -> None:
        for one in list(self.left.values()):
            self.start(one, 1)
        while self.left and not self.over():
            for key, events in self.eyes.select(0.05):
                self.look(key.data, bool(events & selectors.EVENT_WRITE))
            if time.monotonic() - BEGAN > self.again:
                for each in [i for i in self.repeat if i in self.left]:
                    self.start(self.left[each], 2)
                self.repeat = set()
        for each in self.left:
            say(id=each, seen="silent", at=spent())

    def start(self, one: dict[str, Any], number: int) -> None:
        try:
            this = Try(one, number)
        except OSError as problem:
            say(id=one["id"], seen="error", no=number, error=type(problem).__name__, code=problem.errno, at=spent())
            self.left.pop(one["id"], None)
            return
        self.eyes.register(this.socket, selectors.EVENT_READ | (selectors.EVENT_WRITE if this.tcp else 0), this)

    def look(self, this: Try, writable: bool) -> None:
        took = round(time.monotonic() - this.began, 4)
        try:
            answer = this.ready(writable)
        except BlockingIOError:
            return
        except OSError as problem:
            self.close(this)
            if self.left.pop(this.asked["id"], None):
                say(
                    id=this.asked["id"],
                    seen="error",
                    no=this.number,
                    took=took,
                    error=type(problem).__name__,
                    code=problem.errno,
                )
            return
        if answer is None:
            if this.tcp and this.sent:
                self.eyes.modify(this.socket, selectors.EVENT_READ, this)
            return
        self.close(this)
        if this.asked["how"] != "connect":  # that says nothing of whether it answers questions
            self.alive.add(this.asked["to"])
        if self.left.pop(this.asked["id"], None):
            say(id=this.asked["id"], seen="answer", no=this.number, took=took, wire=base64.b64encode(answer).decode())

    def close(self, this: Try) -> None:
        self.eyes.unregister(this.socket)
        this.socket.close()

    def over(self) -> bool:
        """Servers that answer something get more time: a failure of theirs may take seconds."""
        past = time.monotonic() - BEGAN
        if all(one.get("spare") for one in self.left.values()):
            return past > SPARE
        slow = any(one["to"] in self.alive and one.get("slow") for one in self.left.values())
        return bool(past > (self.long if slow else self.short))


def resolve(name: str) -> None:
    """As an application does it: the C library, resolv.conf and search list of this container."""
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(name, None, 0, socket.SOCK_STREAM, 0, socket.AI_CANONNAME)
        answer: dict[str, Any] = {"addresses": sorted({str(one[4][0]) for one in found})[:16], "canonical": found[0][3]}
    except OSError as problem:
        answer = {"error": str(problem), "code": problem.errno}
    say(libc=name, took=round(time.monotonic() - began, 4), **answer)


def read(pattern: str) -> None:
    for path in sorted(glob.glob(pattern))[:8] or [pattern]:
        try:
            with open(path, "rb") as file:
                say(file=path, text=file.read(16384).decode("utf-8", "replace"))
        except OSError as problem:
            say(file=path, error=type(problem).__name__)


def main() -> None:
    plan = json.loads(sys.argv[1])
    for pattern in plan.get("read", ()):
        read(pattern)
    say(self=os.getpid())
    for pattern in plan.get("list", ()):
        say(list=pattern, found=sorted(glob.glob(pattern))[:8])
    own = []
    try:
        with open("/etc/resolv.conf") as file:
            own = [line.split()[1] for line in file if line.startswith("nameserver") and len(line.split()) > 1]
    except OSError:
        pass
    asked = []
    for one in plan["ask"]:
        if one["to"] == "own":
            asked += [dict(one, to=server, id=one["id"] + "@" + server) for server in own[:3]]
        else:
            asked.append(one)
    names = [threading.Thread(target=resolve, args=(name,), daemon=True) for name in plan.get("libc", ())]
    for thread in names:
        thread.start()
    this = Round(dict(plan, ask=asked))
    this.run()
    for thread in names:
        thread.join(max(0.0, plan["long" if this.alive else "short"] - (time.monotonic() - BEGAN)))
    say(end=spent())
    sys.stdout.flush()
    os._exit(0)


main()
