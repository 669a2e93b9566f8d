"""Both sides of an outside name: what CoreDNS pods said of it, and what the name servers behind them said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contract.model import Effect, NameKind, Path

from .asked import Said
from .assembled import Assembled
from .corefile import RESOLV_CONF, Corefile, address_of, block_of, forwards_of
from .errors import Gaps
from .survey import Asked, Survey
from .upstreams import PORT
from .whole import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a name server behind CoreDNS said. default: whether it is one of the node's own (for the root zone)."""

    server: str
    effect: Effect
    line: str
    default: bool
    addresses: tuple[str, ...] = ()
    ttl: int = 0


def targets(corefile: Corefile, name: str) -> tuple[str, ...]:
    """Where the narrowest forward for NAME leads, by address; as it is written where a target is none (TLS, a file)."""
    block = block_of(corefile, name)
    if block is None:
        return ()
    found = forwards_of(Corefile((block,)))
    written = dict.fromkeys(target for one in found for target in one.targets if target != RESOLV_CONF)
    return tuple(dict.fromkeys(address[0] if (address := address_of(target)) else target for target in written))


def forwarded_to(cluster: Cluster, gaps: Gaps, name: str) -> tuple[str, ...]:
    """Where the Corefile in force forwards NAME to, as `targets` has it; none for the name servers of CoreDNS' own node."""
    return targets(gaps.of(cluster.corefile, Assembled()).parsed, name)


def cache_of(corefile: Corefile, name: str) -> tuple[str, ...]:
    """The settings of the cache that answers for NAME go through."""
    block = block_of(corefile, name)
    found = block.all("cache") if block else ()
    return tuple(
        " ".join(("cache", *one.args)) + "".join(f", {' '.join(line.words)}" for line in one.body) for one in found
    )


def replicas(survey: Survey) -> tuple[Said, ...]:
    """What CoreDNS pods said of the asked name to the probes."""
    found = [a for a in survey.asked if a.name.kind is NameKind.ASKED and a.target.path is Path.REPLICA and a.reply]
    return tuple(
        Said(
            pod=a.target.label.removeprefix("pod/"), effect=a.effect, line=a.line, rcode=a.reply.rcode if a.reply else "",
            authoritative=bool(a.reply and a.reply.authoritative), ttl=a.reply.ttl if a.reply else 0,
            addresses=a.reply.addresses[:8] if a.reply else (),
        )
        for a in found
    )  # fmt: skip


def sources(survey: Survey) -> tuple[Source, ...]:
    """What the name servers behind CoreDNS said of the asked name to the probes."""
    found = [a for a in survey.asked if a.name.kind is NameKind.ASKED and a.target.path is Path.UPSTREAM]
    return tuple(_source(a) for a in found)


def _source(one: Asked) -> Source:
    return Source(
        server=one.target.address, effect=one.effect, line=one.line, default=one.policy == "Default",
        addresses=one.reply.addresses[:16] if one.reply else (), ttl=one.reply.ttl if one.reply else 0,
    )  # fmt: skip


def used(one: Asked, named: Sequence[str]) -> bool:
    """Whether a question went to a server that CoreDNS would ask: one that the Corefile names, else one of the node's own.

    Probes may only ask port 53, so that silence on another one says nothing.
    """
    if one.target.port != PORT:
        return False
    return one.target.address in named and one.policy != "Default" if named else one.policy == "Default"
