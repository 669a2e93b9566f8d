"""What the survey saw of names outside of the cluster: which name server, or which CoreDNS pod, answered what."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from contract.model import Effect, NameKind, Path

from .names import domain_of, plain, under
from .survey import Asked, Survey

RESOLVERS = ("169.254.169.253", "fd00:ec2::253")
"""Where the VPC's resolver answers besides its address in the VPC's range."""
ADDRESSES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a name server answered for a name, whoever asked. count: how many questions came to this.

    server: its address, or `pod/NAME`. authoritative: whether it said that it owns the name. line: one of them, for evidence.
    """

    path: Path
    server: str
    name: str
    kind: NameKind
    effect: Effect
    transport: str
    addresses: tuple[str, ...] = ()
    canonical: str = ""
    authoritative: bool = False
    count: int = 1
    line: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was an answer with records."""
        return self.effect is Effect.OK

    @property
    def dead(self) -> bool:
        """Whether nothing, or nothing usable, came."""
        return self.effect in (Effect.SILENT, Effect.UNREACHABLE, Effect.SERVFAIL, Effect.FAILED)


def seen_upstream(survey: Survey | None) -> tuple[Answered, ...]:
    """What the name servers themselves answered that CoreDNS forwards to; nothing where there is no survey."""
    return _drawn_together(survey, (Path.UPSTREAM,))


def seen_through_coredns(survey: Survey | None) -> tuple[Answered, ...]:
    """What the CoreDNS pods answered for outside names."""
    return _drawn_together(survey, (Path.REPLICA,))


def vpc_resolvers(cidrs: Iterable[str]) -> tuple[str, ...]:
    """The addresses of the VPC's resolver: the third of its first range, and the two that every VPC has."""
    found = []
    for cidr in cidrs:
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            continue
        if network.version == 4 and network.num_addresses > 2:
            found.append(str(network[2]))
    return (*found, *RESOLVERS)


def inside(name: str, internal: str) -> bool:
    """Whether NAME is of the cluster, whose domain the name INTERNAL shows."""
    return under(name, domain_of(internal))


def kinds(asked: str, internal: str) -> tuple[NameKind, ...]:
    """The sorts of names that a broken upstream darkens: external ones, and the one asked about if it is not the cluster's."""
    if asked and not inside(asked, internal):
        return (NameKind.EXTERNAL, NameKind.ASKED)
    return (NameKind.EXTERNAL,)


def outside_names(external: str, asked: str, internal: str) -> tuple[str, ...]:
    """The outside names of a run: the one that somebody asked about first, then the usual one."""
    found = [plain(asked)] if asked and not inside(asked, internal) else []
    return tuple(dict.fromkeys(name for name in (*found, plain(external)) if name))


def _drawn_together(survey: Survey | None, paths: tuple[Path, ...]) -> tuple[Answered, ...]:
    groups: dict[tuple[object, ...], list[Asked]] = {}
    for one in survey.asked if survey else ():
        if one.target.path in paths and one.name.kind is not NameKind.INTERNAL:
            key = (one.target.path, one.target.label, plain(one.name.name), one.effect, one.transport)
            groups.setdefault(key, []).append(one)
    return tuple(_answered(group) for group in groups.values())


def _answered(group: list[Asked]) -> Answered:
    first = group[0]
    reply = first.reply
    return Answered(
        path=first.target.path,
        server=first.target.label,
        name=plain(first.name.name),
        kind=first.name.kind,
        effect=first.effect,
        transport=first.transport,
        addresses=reply.addresses[:ADDRESSES] if reply else (),
        canonical=reply.canonical if reply else "",
        authoritative=bool(reply and reply.authoritative),
        count=len(group),
        line=first.line,
    )
