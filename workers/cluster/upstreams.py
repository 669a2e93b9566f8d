"""The name servers that a Corefile forwards to by address, and whether they answer the probes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contract.model import Effect, Path

from .corefile import RESOLV_CONF, Corefile, Forward, address_of, forwards_of
from .survey import Asked, Survey

PORT = 53
DEAD = (Effect.SILENT, Effect.UNREACHABLE)
LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One name server of one zone. zone: "" for the root. asked, answered: questions from nodes that reach anything.

    address: as it is written, with the port 0, where it is no address of plain DNS: TLS, a file, a name.

    tcp_only: CoreDNS asks it over TCP alone, and so was it asked here; else over UDP. refused: whether REFUSED is all that
    it says. lines: the answers, for evidence.
    """

    zone: str
    address: str
    port: int = 53
    asked: int = 0
    answered: int = 0
    refused: bool = False
    tcp_only: bool = False
    lines: tuple[str, ...] = ()

    @property
    def dead(self) -> bool:
        """Whether it was asked and never helped. What was not asked is not judged."""
        return self.asked > 0 and (self.answered == 0 or self.refused)

    @property
    def shown(self) -> str:
        """Its address, with the port where that is another one than usual."""
        return self.address if self.port in (0, PORT) else f"{self.address}:{self.port}"

    @property
    def judged(self) -> bool:
        """Whether enough was asked to tell."""
        return self.asked > 0


def servers(corefile: Corefile, survey: Survey) -> tuple[Server, ...]:
    """Each target of each zone's forward with what it answered; those that the probes could not ask with nothing.

    Probes may only ask port 53, and an address that stays silent on another port proves nothing. The node's own name servers
    are among them only where a forward names others besides: by themselves they are no choice of the Corefile.
    """
    alive = {a.node for a in survey.asked if a.effect not in DEAD}
    every = [a for a in survey.asked if a.target.path is Path.UPSTREAM and a.node in alive]
    found = [a for a in every if a.policy != "Default"]
    own = [a for a in every if a.policy == "Default"]
    seen: dict[tuple[str, str, int], Server] = {}
    for forward in forwards_of(corefile):
        if forward.zone.endswith(".arpa") or set(forward.targets) == {RESOLV_CONF}:
            continue
        for target in forward.targets:
            for one in _named(forward, target, found, own):
                seen.setdefault((one.zone, one.address, one.port), one)
    return tuple(seen.values())


def _named(forward: Forward, target: str, found: Sequence[Asked], own: Sequence[Asked]) -> Iterator[Server]:
    """The servers that a target of a forward stands for."""
    address = address_of(target)
    if address is not None:
        yield _server(forward, *address, found)
    elif target == RESOLV_CONF and own:
        yield from (_server(forward, each, PORT, own) for each in dict.fromkeys(a.target.address for a in own))
    else:
        yield _server(forward, target, 0, ())


def _server(forward: Forward, address: str, port: int, found: Sequence[Asked]) -> Server:
    how = transport_of(forward)
    mine = (
        [a for a in found if (a.target.address, a.target.port, a.transport) == (address, PORT, how)]
        if port == PORT
        else []
    )
    return Server(
        zone=forward.zone, address=address, port=port, asked=len(mine),
        answered=sum(a.effect not in DEAD for a in mine),
        refused=bool(mine) and all(a.effect is Effect.REFUSED for a in mine),
        tcp_only=how == "tcp", lines=tuple(a.line for a in mine[:LINES]),
    )  # fmt: skip


def transport_of(forward: Forward) -> str:
    """The transport by which CoreDNS asks the servers of a forward first: "udp", or "tcp" where it is told to."""
    return "tcp" if forward.option("force_tcp") is not None else "udp"


def inward(address: str) -> bool:
    """Whether it means the CoreDNS pod itself, as for a server beside CoreDNS: from elsewhere nobody can ask it."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def by_zone(found: Iterable[Server]) -> dict[str, tuple[Server, ...]]:
    """The servers of each zone, in the order of the Corefile."""
    zones: dict[str, tuple[Server, ...]] = {}
    for one in found:
        zones[one.zone] = (*zones.get(one.zone, ()), one)
    return zones
