"""Between whom DNS does not pass: each asker with each CoreDNS pod, over UDP and TCP, as some rules judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from contract.model import Scope

from .attachment import End
from .aws import SecurityGroup
from .security_groups import Passage, allows

TRANSPORTS = ("udp", "tcp")
PORT = 53

Reason = TypeVar("Reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Generic[Reason]):
    """A pair between which a transport does not pass, and what stops it."""

    client: End
    server: End
    transport: str
    reason: Reason

    @property
    def pair(self) -> tuple[End, End]:
        """Who asks and who is asked."""
        return self.client, self.server


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossings(Generic[Reason]):
    """How pairs were judged. unknown: how many pairs nobody can judge. good: how many pass as a whole."""

    blocked: tuple[Blocked[Reason], ...]
    unknown: int
    good: int

    @property
    def hard(self) -> tuple[Blocked[Reason], ...]:
        """What is blocked in pairs that UDP cannot pass."""
        deaf = {one.pair for one in self.blocked if one.transport == "udp"}
        return tuple(one for one in self.blocked if one.pair in deaf)

    @property
    def soft(self) -> tuple[Blocked[Reason], ...]:
        """What is blocked in pairs that only TCP cannot pass."""
        deaf = {one.pair for one in self.blocked if one.transport == "udp"}
        return tuple(one for one in self.blocked if one.pair not in deaf)


def judged(
    pairs: Iterable[tuple[End, End]], judge: Callable[[End, End, str], tuple[bool | None, Reason]]
) -> Crossings[Reason]:
    """All pairs over both transports. judge: whether a transport passes between two (None: nobody can say), and why not."""
    every = list(pairs)
    blocked: list[Blocked[Reason]] = []
    unknown = 0
    for client, server in every:
        seen = {transport: judge(client, server, transport) for transport in TRANSPORTS}
        unknown += any(passes is None for passes, _ in seen.values())
        blocked += [
            Blocked(client=client, server=server, transport=transport, reason=reason)
            for transport, (passes, reason) in seen.items()
            if passes is False
        ]
    good = len(every) - len({one.pair for one in blocked}) - unknown
    return Crossings(blocked=tuple(blocked), unknown=unknown, good=good)


def judged_by_groups(
    pairs: Iterable[tuple[End, End]],
    groups: Iterable[SecurityGroup],
    prefix_lists: Iterable[tuple[str, tuple[str, ...]]],
) -> Crossings[Passage]:
    """All pairs by the security groups of both ends."""
    known, lists = {group.id: group for group in groups}, dict(prefix_lists)

    def judge(client: End, server: End, transport: str) -> tuple[bool | None, Passage]:
        passage = allows(client.side, server.side, transport, PORT, known, lists)
        return passage.allowed, passage

    return judged(pairs, judge)


def transports_of(blocked: Sequence[Blocked[Reason]]) -> tuple[str, ...]:
    """The transports that are blocked somewhere, UDP first."""
    return tuple(t for t in TRANSPORTS if any(one.transport == t for one in blocked))


def named(transports: Sequence[str]) -> str:
    """`UDP and TCP`, for people."""
    return " and ".join(transport.upper() for transport in transports)


def scope_of(blocked: Sequence[Blocked[Reason]]) -> Scope:
    """The transports, and the pairs of a node and a CoreDNS pod."""
    pairs = dict.fromkeys((one.client.node, one.server.name) for one in blocked)
    return Scope(transports=transports_of(blocked), pairs=tuple(pairs))


def share_of(blocked: Sequence[Blocked[Reason]], clients: Iterable[End]) -> str:
    """`2 of 3 nodes`: how many of the nodes that ask are concerned."""
    return f"{len({one.client.node for one in blocked})} of {len({end.node for end in clients})} nodes"
