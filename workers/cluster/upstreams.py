"""The name servers that a Corefile forwards to by address, and whether they answer the probes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contract.model import Effect, Path

from .corefile import Corefile, Forward, forwards_of
from .survey import Asked, Survey

DEAD = (Effect.SILENT, Effect.UNREACHABLE)
LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One name server of one zone. zone: "" for the root. asked, answered: questions from nodes that reach anything.

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
    def judged(self) -> bool:
        """Whether enough was asked to tell."""
        return self.asked > 0


def servers(corefile: Corefile, survey: Survey) -> tuple[Server, ...]:
    """Each address of each zone's forward with what it answered; those that the probes could not ask with nothing.

    Probes may only ask port 53, and an address that stays silent on another port proves nothing.
    """
    alive = {a.node for a in survey.asked if a.effect not in DEAD}
    found = [a for a in survey.asked if a.target.path is Path.UPSTREAM and a.policy != "Default" and a.node in alive]
    seen: dict[tuple[str, str], Server] = {}
    for forward in forwards_of(corefile):
        for address, port in forward.addresses:
            if not forward.zone.endswith(".arpa"):
                seen.setdefault((forward.zone, address), _server(forward, address, port, found))
    return tuple(seen.values())


def _server(forward: Forward, address: str, port: int, found: Sequence[Asked]) -> Server:
    how = transport_of(forward)
    mine = (
        [a for a in found if (a.target.address, a.target.port, a.transport) == (address, 53, how)] if port == 53 else []
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
