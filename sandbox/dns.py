"""Name servers on loopback whose answers are data: zones, return codes, lost and late answers."""

from __future__ import annotations

import ipaddress
import itertools
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

LOOPBACK = "127.0.0.1"
POLL = 0.05
TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone. records: full names in lower case without the last dot (`*.shop.example` too), each with (type, value).

    absent: patterns of names that do not exist, whatever a wildcard says. until: when answers from it are forgotten, in
    seconds since the epoch; their time to live falls until then.
    """

    origin: str
    records: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    ttl: int = 60
    negative_ttl: int = 30
    until: float | None = None

    def knows(self, name: str) -> bool:
        """Whether NAME itself is told of here, and not forgotten by now."""
        told = name in self.records or any(fnmatchcase(name, pattern) for pattern in self.absent)
        return told and self.holds(name) and (self.until is None or time.time() < self.until)

    def seconds(self, usual: int) -> int:
        """A time to live that is usually so long."""
        return usual if self.until is None else max(0, int(self.until - time.time()))

    def holds(self, name: str) -> bool:
        """Whether NAME is in this zone."""
        return not self.origin or name == self.origin or name.endswith(f".{self.origin}")

    def at(self, name: str) -> Sequence[tuple[str, str]] | None:
        """What is at NAME; nothing where only longer names are; None where it does not exist."""
        if any(fnmatchcase(name, pattern) for pattern in self.absent):
            return None
        if name in self.records:
            return self.records[name]
        if name == self.origin or any(one.endswith(f".{name}") for one in self.records):
            return ()
        above = name
        while above != self.origin and "." in above:
            above = above.partition(".")[2]
            if f"*.{above}" in self.records:
                return self.records[f"*.{above}"]
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a server answers, whatever it knows.

    rcodes: return codes by pattern of the name. drop: patterns of names whose questions stay unanswered (`*`: all).
    every: only each so manyth of those (2: every second). delay: seconds before an answer; late: the same for some
    names, by pattern. truncate: patterns of names that are answered over UDP with TC. transports: those that are served.
    kept: answers that it has ready and gives before it asks anybody: what a cache remembers, or a file of hosts says.
    """

    rcodes: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    every: int = 1
    delay: float = 0.0
    late: Mapping[str, float] = field(default_factory=dict)
    truncate: tuple[str, ...] = ()
    transports: tuple[str, ...] = ("udp", "tcp")
    kept: tuple[Zone, ...] = ()


class Source(Protocol):
    """What a server knows: the answer to a question."""

    def answer(self, asked: dns.message.Message, transport: str) -> dns.message.Message | None:
        """The answer; None where the question stays unanswered."""


class Authority:
    """A server of zones; names outside of them are refused."""

    def __init__(
        self, zones: Sequence[Zone], manners: Manners | None = None, *, recursive: bool = True,
        turns: Iterator[int] | None = None,
    ) -> None:  # fmt: skip
        """turns: numbers of the questions that may be dropped; servers that share them count together."""
        self.zones, self.manners = tuple(zones), manners or Manners()
        self._recursive = recursive
        self._turns = itertools.count(1) if turns is None else turns

    def answer(self, asked: dns.message.Message, transport: str) -> dns.message.Message | None:
        """By manners first, then by zones."""
        name = name_of(asked)
        manners = self.manners
        if among(name, manners.drop) and next(self._turns) % manners.every == 0:
            return None
        time.sleep(manners.delay + sum(s for pattern, s in manners.late.items() if fnmatchcase(name, pattern)))
        reply = begun(asked, recursive=self._recursive)
        kept = next((zone for zone in manners.kept if zone.knows(name)), None)
        if kept is not None:
            fill(reply, kept, name)
            reply.flags |= dns.flags.AA | (dns.flags.RA if kept.until is not None else 0)
            return reply
        for pattern, rcode in manners.rcodes.items():
            if fnmatchcase(name, pattern):
                reply.set_rcode(dns.rcode.from_text(rcode))
                return reply
        if transport == "udp" and among(name, manners.truncate):
            reply.flags |= dns.flags.TC
            return reply
        return self._known(reply, name)

    def _known(self, reply: dns.message.Message, name: str) -> dns.message.Message:
        zones = sorted((z for z in self.zones if z.holds(name)), key=lambda z: -len(z.origin))
        if not zones:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        fill(reply, zones[0], name)
        return reply


def name_of(asked: dns.message.Message) -> str:
    """The name that is asked for, in lower case, without the last dot."""
    return asked.question[0].name.to_text(omit_final_dot=True).lower()


def among(name: str, patterns: Iterable[str]) -> bool:
    """Whether NAME fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def begun(asked: dns.message.Message, *, recursive: bool) -> dns.message.Message:
    """An empty answer."""
    reply = dns.message.make_response(asked, recursion_available=recursive)
    reply.use_edns(-1 if asked.edns < 0 else 0, payload=1232)
    return reply


def fill(reply: dns.message.Message, zone: Zone, name: str) -> None:
    """Put what ZONE holds at NAME into REPLY: CNAMEs followed within the zone, a SOA where there is nothing."""
    if not reply.flags & dns.flags.RA:  # a resolver hands on what others know
        reply.flags |= dns.flags.AA
    asked, ttl = dns.rdatatype.to_text(reply.question[0].rdtype), zone.seconds(zone.ttl)
    for _ in range(8):
        held = zone.at(name)
        if held is None:
            if not reply.answer:
                reply.set_rcode(dns.rcode.NXDOMAIN)
            break
        held = [_pod(name) if kind == "POD" else (kind, value) for kind, value in held]
        here = [value for kind, value in held if kind == asked]
        if here:
            reply.answer.append(dns.rrset.from_text_list(f"{name}.", ttl, "IN", asked, here))
            return
        alias = next((value for kind, value in held if kind == "CNAME"), "")
        if not alias:
            break
        reply.answer.append(dns.rrset.from_text(f"{name}.", ttl, "IN", "CNAME", alias))
        name = alias.rstrip(".").lower()
        if not zone.holds(name):
            return
    origin, negative = f"{zone.origin}.", zone.seconds(zone.negative_ttl)
    soa = f"ns.dns.{origin.lstrip('.')} hostmaster.{origin.lstrip('.')} 1 7200 1800 86400 {negative}"
    reply.authority.append(dns.rrset.from_text(origin, negative, "IN", "SOA", soa))


def _pod(name: str) -> tuple[str, str]:
    """`pods insecure`: the address that a pod's name spells."""
    label = name.partition(".")[0]
    try:
        return "A", str(ipaddress.IPv4Address(label.replace("-", ".")))
    except ValueError:
        return "NONE", ""


class NameServer:
    """A server on loopback, the same port for UDP and TCP, until it is closed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._udp, self._tcp = _bound(self)
        self.port: int = self._tcp.server_address[1]
        for one in (self._udp, self._tcp):
            threading.Thread(target=one.serve_forever, args=(POLL,), daemon=True, name="sandbox dns").start()

    def close(self) -> None:
        """Stop answering."""
        for one in (self._udp, self._tcp):
            one.shutdown()
            one.server_close()

    def asked(self, wire: bytes, transport: str) -> bytes | None:
        """The answer to a question in its wire form; None where it stays unanswered, or is none."""
        manners: Manners = getattr(self.source, "manners", Manners())
        if transport not in manners.transports:
            return None
        try:
            question = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        reply = self.source.answer(question, transport) if question.question else None
        if reply is None:
            return None
        room = 65535 if transport == "tcp" else max(512, min(1232, question.payload))
        return reply.to_wire(max_size=room, prefer_truncation=True)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads, block_on_close, max_packet_size = True, False, 65535
    owner: NameServer


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close, request_queue_size = True, False, 128
    owner: NameServer


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = cast("tuple[bytes, socket.socket]", self.request)
        answer = cast(_Udp, self.server).owner.asked(wire, "udp")
        if answer is not None:
            try:
                sock.sendto(answer, self.client_address)
            except OSError:
                return  # the server was closed meanwhile


class _Stream(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        try:
            while size := self.rfile.read(2):
                wire = self.rfile.read(struct.unpack("!H", size)[0])
                answer = cast(_Tcp, self.server).owner.asked(wire, "tcp")
                if answer is not None:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)
        except (OSError, struct.error):
            return  # the asker has gone


def _bound(owner: NameServer) -> tuple[_Udp, _Tcp]:
    for _ in range(TRIES):
        tcp = _Tcp((LOOPBACK, 0), _Stream)
        try:
            udp = _Udp((LOOPBACK, tcp.server_address[1]), _Datagram)
        except OSError:
            tcp.server_close()
            continue
        udp.owner = tcp.owner = owner
        return udp, tcp
    raise OSError("no port is free for both UDP and TCP")
