"""Every CoreDNS process answers when the network is left out.

The API server forwards a TCP connection to port 53 of each CoreDNS pod, and the worker asks there: no node, no Service, no
security group and no policy is in between. A process that answers here and not from the nodes is cut off by the network; one
that fails here is itself at fault, or what it forwards to is.
https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from contract.model import Effect, NameKind, Observation, Path, Signal
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.matrix import WORDS

MAX_REPLICAS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one process said to one question."""

    pod: str
    kind: NameKind
    name: str
    effect: Effect
    seconds: float
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All answers of all processes that run."""

    answers: tuple[Answer, ...]
    pods: int
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Ask every running CoreDNS pod, at the same time. Raises CannotRead where none could be asked."""
    pods = [p for p in cluster.coredns_pods() if p.name in cluster.steady_replicas()][:MAX_REPLICAS]
    if not pods:
        raise DoesNotApply("no CoreDNS pod runs that could be asked")
    asks = [(pod, name) for pod in pods for name in cluster.names() if name.kind is not NameKind.ASKED]
    gaps = Gaps()
    with ThreadPoolExecutor(max_workers=len(asks)) as pool:
        told = list(pool.map(lambda ask: gaps.of(lambda: cluster.ask(ask[0], ask[1].name, ask[1].rtype), None), asks))
    answers = tuple(
        Answer(
            pod=pod.name,
            kind=name.kind,
            name=name.name,
            effect=one.effect,
            seconds=round(one.seconds, 4),
            line=one.line,
        )
        for (pod, name), one in zip(asks, told, strict=True)
        if one is not None
    )
    if not answers:
        gap = gaps.seen()[0]
        raise CannotRead("ask", "the CoreDNS pods over port-forward", f"{gap.what}: {gap.reason}", grant=gap.grant)
    return Facts(answers=answers, pods=len({a.pod for a in answers}), gaps=gaps.seen())


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Each answer is a signal; an external name that every process says does not exist is left to the other steps.

    So is a name that somebody asked about: it may be short for another, as only the step that expands it can tell.
    """
    outside = [one for one in facts.answers if one.kind is NameKind.EXTERNAL]
    agreed = bool(outside) and all(one.effect is Effect.NXDOMAIN for one in outside)
    for one in facts.answers:
        if one.kind is NameKind.ASKED or (agreed and one.kind is NameKind.EXTERNAL):
            continue
        yield Signal(
            path=Path.FORWARD,
            effect=one.effect,
            summary=f"{one.name} asked of pod/{one.pod} through the API server {WORDS[one.effect]}.",
            server=f"pod/{one.pod}",
            kind=one.kind,
            transport="tcp",
            answered=int(one.effect is Effect.OK),
            seconds=one.seconds,
            evidence=(one.line,),
        )


def describe(facts: Facts) -> str:
    """How many processes answered."""
    good = sum(one.effect is Effect.OK for one in facts.answers)
    return f"{good} of {len(facts.answers)} questions answered by {facts.pods} CoreDNS processes"


CHECK = Check(
    name="coredns-processes",
    title="Every CoreDNS process answers when the network is left out",
    stage=Stage.RESOLUTION,
    steps=("S19",),
    source="https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
