"""Lookups work as applications make them: by resolv.conf and the C library of a fresh pod on each node.

A raw question to the right address can be answered while an application's lookup fails: it goes to the name server that the
kubelet wrote into resolv.conf, expands the name by the search list, and sends the questions for IPv4 and IPv6 at the same time
from one socket. So each probe also asks as an application does. A lookup that takes five seconds while every raw question is
answered at once is the mark of a lost packet among the two that left together (a race in the node's connection tracking).
https://github.com/kubernetes/kubernetes/issues/56903
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Effect, NameKind, Observation, Path, Signal
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap
from workers.cluster.matrix import SLOW_SECONDS, Cell, absent_names, cells, signals

RESENT_SECONDS = 4.5
"""glibc and musl send a question again after five seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One lookup by a C library. effect: as in the matrix."""

    node: str
    name: str
    kind: NameKind
    effect: Effect
    seconds: float
    addresses: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the probes' own resolv.conf and C library led to."""

    lookups: tuple[Lookup, ...]
    cells: tuple[Cell, ...]
    nodes: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Take the column "client" from the survey. Raises CannotRead where no probe could run."""
    survey = cluster.survey()
    absent = absent_names(survey.asked)
    lookups = []
    for one in survey.looked:
        if one.name == survey.canary:
            continue
        kind = NameKind.EXTERNAL if one.name == cluster.entry.names_external else NameKind.INTERNAL
        effect = _effect(one.addresses, one.error, one.seconds, finished=one.finished)
        if one.name in absent and effect is Effect.NXDOMAIN:
            continue
        lookups.append(
            Lookup(
                node=one.node,
                name=one.name,
                kind=kind,
                effect=effect,
                seconds=one.seconds,
                addresses=one.addresses,
                error=one.error,
            )
        )
    own = [a for a in survey.asked if a.target.path is Path.CLIENT]
    return Facts(lookups=tuple(lookups), cells=cells(own, absent=absent), nodes=survey.nodes, gaps=survey.gaps)


def _effect(addresses: tuple[str, ...], error: str, seconds: float, *, finished: bool) -> Effect:
    if addresses:
        return Effect.SLOW if seconds > SLOW_SECONDS else Effect.OK
    if not finished or "Temporary failure" in error or "Try again" in error:
        return Effect.SILENT
    return Effect.NXDOMAIN if error else Effect.FAILED


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Each lookup and each raw question to the pods' own name server is a signal."""
    yield from signals(facts.cells)
    for one in facts.lookups:
        came = ", ".join(one.addresses) or one.error or "no answer in time"
        took = f" ({one.seconds * 1000:.0f} ms)" if one.seconds else ""
        yield Signal(
            path=Path.CLIENT,
            effect=one.effect,
            summary=_sentence(one),
            node=one.node,
            kind=one.kind,
            transport="",
            answered=int(bool(one.addresses)),
            seconds=one.seconds,
            evidence=(f"getaddrinfo({one.name}) in a fresh pod on {one.node}: {came}{took}",),
        )


def _sentence(one: Lookup) -> str:
    what = f"A lookup of {one.name} as an application makes it, on node {one.node},"
    if one.effect is Effect.SLOW:
        return f"{what} takes {one.seconds:.1f} s."
    return f"{what} {'works' if one.effect is Effect.OK else f'fails: {one.error or one.effect}'}."


def describe(facts: Facts) -> str:
    """How many lookups worked, and the slowest."""
    good = sum(one.effect is Effect.OK for one in facts.lookups)
    slowest = max((one.seconds for one in facts.lookups), default=0.0)
    return f"{good} of {len(facts.lookups)} lookups work from {len(facts.nodes)} nodes, the slowest in {slowest * 1000:.0f} ms"


CHECK = Check(
    name="dns-as-applications-ask",
    title="Lookups work as applications make them",
    stage=Stage.RESOLUTION,
    steps=("S39", "S40"),
    source="https://github.com/kubernetes/kubernetes/issues/56903",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
