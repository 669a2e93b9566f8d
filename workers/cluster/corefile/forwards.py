"""Where a Corefile sends what CoreDNS does not answer itself."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from workers.cluster.names import under

from .tree import Block, Corefile, Directive, Line
from .zones import zones_of

RESOLV_CONF = "/etc/resolv.conf"
"""The target that stands for the name servers of CoreDNS' own node."""


@dataclass(frozen=True, slots=True)
class Forward:
    """One `forward` of one zone. zone: "" for the root. targets: as written.

    addresses: those targets that are IP addresses of plain DNS servers, with their ports. options: the body's lines.
    """

    zone: str
    targets: tuple[str, ...]
    addresses: tuple[tuple[str, int], ...] = ()
    options: tuple[Line, ...] = ()
    line: int = 0

    def option(self, name: str) -> tuple[str, ...] | None:
        """The arguments of an option, or None where it is not set."""
        return next((each.words[1:] for each in self.options if each.words[0] == name), None)


def forwards_of(corefile: Corefile) -> tuple[Forward, ...]:
    """All forwards of a parsed Corefile, in order."""
    return tuple(
        each for block in corefile.blocks for directive in block.all("forward") for each in _of(block, directive)
    )


def _of(block: Block, directive: Directive) -> tuple[Forward, ...]:
    if len(directive.args) < 2:
        return ()
    targets = directive.args[1:]
    addresses = tuple(found for found in map(address_of, targets) if found)
    return tuple(
        Forward(zone, targets, addresses, directive.body, directive.line) for zone in _zones(block, directive.args[0])
    )


def _zones(block: Block, source: str) -> tuple[str, ...]:
    """What reaches a `forward SOURCE` in BLOCK: the narrower of the two, nothing where they have no name in common."""
    found: dict[str, None] = {}
    for wanted in zones_of(source):
        for served in block.zones:
            if under(wanted.name, served.name):
                found[wanted.name] = None
            elif under(served.name, wanted.name):
                found[served.name] = None
    return tuple(found)


def address_of(target: str) -> tuple[str, int] | None:
    """The IP address and port of a target that speaks plain DNS; None for a file, a name or another transport."""
    transport, scheme, rest = target.partition("://")
    if scheme and transport != "dns":
        return None
    return ip_and_port(rest if scheme else target)


def ip_and_port(text: str, port: int = 53) -> tuple[str, int] | None:
    """`1.2.3.4`, `1.2.3.4:53`, `::1`, `[::1]:53` as address and port; None for anything else."""
    host, colon, behind = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if colon and behind.isascii() and behind.isdigit() and (bracketed or ":" not in host):
        text, port = host, int(behind[:9])
    text = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    return text, port
