"""What a pretend container runs before its own program: its network, its resolv.conf, its C library's resolver.

The program asks real sockets. Here the addresses of the pretend cluster are led to loopback, to nowhere or to a closed
port, as the view says that the environment brings (see network.py). Any Python 3.9 or newer; the standard library only.
"""

from __future__ import annotations

import builtins
import fnmatch
import glob
import io
import itertools
import json
import os
import socket
import struct
from typing import Any

VIEW: dict[str, Any] = json.loads(os.environ["SANDBOX_VIEW"])
TURNS: dict[str, Any] = {key: itertools.cycle(ends) for key, ends in VIEW["routes"].items()}
NODE = ("/etc/", "/proc/", "/sys/")
REAL_CONNECT = socket.socket.connect
REAL_OPEN = builtins.open
MISSING, LATER = (-2, "Name or service not known"), (-3, "Temporary failure in name resolution")
if VIEW["musl"]:
    MISSING, LATER = (-2, "Name does not resolve"), (-3, "Try again")


def led(address: str, port: int, transport: str) -> tuple[str, int]:
    """Where a packet to ADDRESS really goes: each of several ends has its turn."""
    for key in (f"{address} {port} {transport}", f"{address} * {transport}", f"* * {transport}"):
        if key in TURNS:
            end = next(TURNS[key])
            return str(end[0]), int(end[1])
    return "127.0.0.1", 1


def connect(self: socket.socket, address: Any) -> None:
    """As socket.connect, by the view."""
    if self.family != socket.AF_INET:
        raise OSError(101, "Network is unreachable")
    transport = "tcp" if self.type & socket.SOCK_STREAM else "udp"
    REAL_CONNECT(self, led(str(address[0]), int(address[1]), transport))


def opened(file: Any, *args: Any, **options: Any) -> Any:
    """As open, with the files of the view in place of this machine's."""
    if isinstance(file, str) and file.startswith(NODE):
        if file not in VIEW["files"]:
            raise FileNotFoundError(2, "No such file or directory", file)
        text = str(VIEW["files"][file])
        binary = "b" in str(args[0] if args else options.get("mode", "r"))
        return io.BytesIO(text.encode()) if binary else io.StringIO(text)
    return REAL_OPEN(file, *args, **options)


def globbed(pattern: str, **options: Any) -> list[str]:
    """As glob, among the files of the view, and none of this machine."""
    del options
    return [path for path in VIEW["files"] if fnmatch.fnmatch(path, pattern)]


def settings() -> tuple[list[str], list[str], int, float, int]:
    """Name servers, search list, ndots, timeout and attempts of resolv.conf."""
    servers: list[str] = []
    search: list[str] = []
    options = {"ndots": "1", "timeout": "5", "attempts": "2"}
    for line in str(VIEW["files"].get("/etc/resolv.conf", "")).splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1:
            servers.append(words[1])
        elif words[:1] == ["search"]:
            search = words[1:]
        elif words[:1] == ["options"]:
            options.update((key, value) for key, _, value in (word.partition(":") for word in words[1:]) if value)
    return servers[:3], search, int(options["ndots"]), float(options["timeout"]), int(options["attempts"])


def question(name: str, kind: int) -> bytes:
    """A query for NAME."""
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return os.urandom(2) + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + wire + struct.pack("!HH", kind, 1)


def skipped(wire: bytes, at: int) -> int:
    """Where the name at AT ends."""
    while wire[at]:
        if wire[at] >= 0xC0:
            return at + 2
        at += wire[at] + 1
    return at + 1


def spelled(wire: bytes, at: int) -> str:
    """The name at AT."""
    labels = []
    for _ in range(64):
        if wire[at] >= 0xC0:
            at = struct.unpack_from("!H", wire, at)[0] & 0x3FFF
        elif not wire[at]:
            break
        else:
            labels.append(wire[at + 1 : at + 1 + wire[at]].decode("ascii", "replace"))
            at += wire[at] + 1
    return ".".join(labels)


def answered(wire: bytes, kind: int) -> tuple[int, list[str], str]:
    """Return code, addresses and canonical name of an answer."""
    count, at = struct.unpack_from("!H", wire, 6)[0], skipped(wire, 12) + 4
    addresses, canonical = [], spelled(wire, 12)
    for _ in range(count):
        at = skipped(wire, at)
        found, _, _, size = struct.unpack_from("!HHIH", wire, at)
        at += 10
        if found == kind:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            addresses.append(socket.inet_ntop(family, wire[at : at + size]))
        elif found == 5:
            canonical = spelled(wire, at)
        at += size
    return wire[3] & 15, addresses, canonical


def exchanged(server: str, wire: bytes, seconds: float) -> bytes:
    """The answer of SERVER over UDP, or over TCP where it was cut. Raises OSError."""
    answer = by_udp(server, wire, seconds)
    return by_tcp(server, wire, seconds) if answer[2] & 2 else answer


def by_udp(server: str, wire: bytes, seconds: float) -> bytes:
    """The answer over UDP, perhaps cut. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(seconds)
        one.connect((server, 53))
        one.send(wire)
        while True:
            answer = one.recv(65535)
            if answer[:2] == wire[:2]:
                return answer


def by_tcp(server: str, wire: bytes, seconds: float) -> bytes:
    """The whole answer. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.settimeout(seconds)
        one.connect((server, 53))
        one.sendall(struct.pack("!H", len(wire)) + wire)
        with one.makefile("rb") as answer:
            return answer.read(struct.unpack("!H", answer.read(2))[0])


def tried(name: str, servers: list[str], seconds: float, attempts: int) -> tuple[str, list[str], str]:
    """What came of one full name: `found`, `missing`, `failed` (a server says so) or `silent`."""
    state, addresses, canonical = "silent", [], name
    for kind in (1, 28):
        for server in servers * attempts:
            try:
                rcode, found, canonical_here = answered(exchanged(server, question(name, kind), seconds), kind)
            except (OSError, IndexError, struct.error):
                continue
            if rcode in (0, 3):
                addresses += found
                canonical = canonical_here if found else canonical
                state = "found" if addresses else "missing"
                break
            state = "failed"
        if state == "silent":
            break
    return state, addresses, canonical


def getaddrinfo(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
    """As the C library does it: search list and ndots first, then the servers in their order."""
    servers, search, ndots, seconds, attempts = settings()
    full = host.rstrip(".")
    candidates = [f"{full}.{domain.rstrip('.')}" for domain in search]
    if host.endswith("."):
        candidates = [full]
    elif full.count(".") < ndots:
        candidates.append(full)
    else:
        candidates = [full] if VIEW["musl"] else [full, *candidates]
    problem = MISSING
    for name in candidates:
        state, addresses, canonical = tried(name, servers or ["127.0.0.1"], seconds, attempts)
        if state == "found":
            ends = [(a, port or 0) if ":" not in a else (a, port or 0, 0, 0) for a in addresses]
            family = {True: socket.AF_INET6, False: socket.AF_INET}
            return [(family[":" in end[0]], socket.SOCK_STREAM, 6, canonical, end) for end in ends]
        if state in ("silent", "failed"):
            problem = LATER
        if state == "silent" or (state == "failed" and VIEW["musl"]):
            break
    raise socket.gaierror(*problem)


socket.socket.connect = connect  # type: ignore[method-assign,assignment]
socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]
builtins.open = opened
glob.glob = globbed  # type: ignore[assignment]
