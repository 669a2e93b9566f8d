"""Every CoreDNS process knows the cluster's newest Services.

CoreDNS answers cluster names from a copy of the API server's records. A pod that is cut off from the API server goes on
answering from its old copy and stays ready: newer Services do not exist for it, changed ones have their old address.

Asked over port-forward, of each process: the Service `kubernetes` and the newest Services of the application namespaces and
of kube-system. A copy follows within a second; it is given six. A process that does not know what exists is out of step with
the API server; when all processes fail, it is said of all. Services in other namespaces are not read.

Told apart: a process that does not answer at all is no matter of its copy, nor is a name that another plugin of the Corefile
answers or asks under another name. That a name was asked for before its Service was
made is remembered for up to 30 seconds; a Service that is younger is asked for by a record type that nobody asked for before,
which has no address but tells whether the name exists.
https://coredns.io/plugins/kubernetes/
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity, Signal
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, ages
from workers.cluster.assembled import Assembled
from workers.cluster.corefile import Corefile, overridden
from workers.cluster.objects import Service

CODE = "coredns-api-unreachable-or-desynced"
OLD_ENOUGH = 6.0
"""Seconds that a copy may take to follow."""
REMEMBERED = 35.0
"""Seconds for which CoreDNS may remember that a name did not exist (5 by default, 30 with `ttl 30`)."""
UNUSUAL = "CAA"
NEWEST = 4
MAX_REPLICAS = 20
KNOWN = (Effect.OK, Effect.NODATA)
ANSWERED = (*KNOWN, Effect.NXDOMAIN, Effect.SERVFAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A Service that exists, and the addresses that its name must have. age: seconds since it was made.

    rtype: the type of record to ask for; with CAA only whether the name exists is told.
    """

    name: str
    key: str
    addresses: tuple[str, ...]
    rtype: str
    age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one process said of one Service."""

    pod: str
    name: str
    effect: Effect
    addresses: tuple[str, ...]
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What exists, and what the processes know of it. filtered: whether the Corefile leaves Services out on purpose.

    overridden: names that another plugin of the Corefile answers, or asks under another name: no matter of the copy.
    """

    wanted: tuple[Wanted, ...]
    answers: tuple[Answer, ...]
    filtered: bool = False
    overridden: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Ask every ready CoreDNS pod for the newest Services. Raises CannotRead where none could be asked."""
    gaps, now = Gaps(), ages.clock()
    pods = [pod for pod in cluster.coredns_pods() if pod.ready][:MAX_REPLICAS]
    if not pods:
        raise DoesNotApply("no CoreDNS pod is ready that could be asked")
    wanted = _wanted(cluster, gaps, now)
    asks = [(pod, one) for pod in pods for one in wanted]
    if not asks:
        gaps.check()
        raise DoesNotApply("no Service could be read whose name could be asked for")
    with ThreadPoolExecutor(max_workers=min(16, len(asks))) as pool:
        told = list(pool.map(lambda ask: gaps.of(lambda: cluster.ask(ask[0], ask[1].name, ask[1].rtype), None), asks))
    answers = tuple(
        Answer(pod=pod.name, name=one.name, effect=reply.effect, line=reply.line,
               addresses=reply.reply.addresses if reply.reply else ())
        for (pod, one), reply in zip(asks, told, strict=True)
        if reply is not None
    )  # fmt: skip
    if not answers:
        gaps.check()
    corefile = gaps.of(cluster.corefile, Assembled()).parsed
    return Facts(
        wanted=wanted,
        answers=answers,
        filtered=_filtered(corefile),
        overridden=tuple(one.name for one in wanted if overridden(corefile, one.name, one.rtype)),
        gaps=gaps.seen(),
    )


def _filtered(corefile: Corefile) -> bool:
    """Whether `kubernetes` serves only some namespaces, labels, or Services that have endpoints."""
    options = ("namespaces", "namespace_labels", "labels", "ignore")
    return any(
        each.option(o) is not None for block in corefile.blocks for each in block.all("kubernetes") for o in options
    )


def _wanted(cluster: Cluster, gaps: Gaps, now: float) -> tuple[Wanted, ...]:
    """The Services `kubernetes` and kube-dns, and the newest others that have an address."""
    # A namespace that nobody listed: where it may not be read, the others do.
    first = Gaps().of(lambda: cluster.service("default", "kubernetes"), None)
    dns = gaps.of(lambda: cluster.service("kube-system", "kube-dns"), None)
    spaces = [space for space in cluster.app_namespaces if space != "kube-system"]
    others = [each for space in spaces for each in gaps.of(partial(cluster.services, space), ())]
    others += [dns] if dns else []
    zone = cluster.entry.names_internal.rstrip(".").rpartition(".svc.")[2] or "cluster.local"
    found = [one for each in others if (one := _one(each, zone, now))]
    time.sleep(max((OLD_ENOUGH - one.age for one in found if one.age < OLD_ENOUGH), default=0.0))
    newest = sorted(found, key=lambda one: one.age)[:NEWEST]
    known = _one(first, zone, now) if first else None
    return ((known,) if known else ()) + tuple(newest)


def _one(service: Service, zone: str, now: float) -> Wanted | None:
    six = all(":" in address for address in service.addresses)
    fitting = tuple(address for address in service.addresses if (":" in address) == six)
    if not fitting or service.spec.type == "ExternalName" or service.metadata.deletion_timestamp:
        return None
    name = f"{service.name}.{service.namespace}.svc.{zone}"
    age = ages.age(service.metadata.creation_timestamp, now) or 0.0
    key = f"{service.namespace}/{service.name}"
    usual = "AAAA" if six else "A"
    return Wanted(name=name, key=key, addresses=fitting, rtype=UNUSUAL if age < REMEMBERED else usual, age=age)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Processes that do not know what exists, with each wrong answer as a symptom."""
    exists = {one.name: one for one in facts.wanted}
    own = [each for each in facts.answers if each.name not in facts.overridden]
    stale = [each for each in own if _stale(exists[each.name], each)]
    knowing = {each.name for each in facts.answers if each.effect in KNOWN and each not in stale}
    if facts.filtered:
        stale = [each for each in stale if each.name in knowing]
    asked = tuple(dict.fromkeys(each.pod for each in own if each.effect in ANSWERED))
    failing = tuple(dict.fromkeys(each.pod for each in stale))
    for each in stale:
        yield _signal(exists[each.name], each)
    if stale:
        yield _behind(facts, stale, failing, asked, knowing)
    elif known := [one for one in facts.wanted if one.name not in facts.overridden and one.name in knowing]:
        newest = min(known, key=lambda one: one.age)
        because = f"{len(asked)} CoreDNS processes know {len(known)} Services, the newest {ages.words(newest.age)} old"
        yield Excluded(code=CODE, because=because, scope=Scope(servers=tuple(f"pod/{pod}" for pod in asked)))


def _stale(wanted: Wanted, answer: Answer) -> bool:
    if wanted.rtype == UNUSUAL:
        return answer.effect in (Effect.NXDOMAIN, Effect.SERVFAIL)
    if answer.effect in (Effect.NXDOMAIN, Effect.NODATA, Effect.SERVFAIL):
        return True
    return answer.effect is Effect.OK and not set(answer.addresses) & set(wanted.addresses)


def _signal(wanted: Wanted, answer: Answer) -> Signal:
    effect = Effect.WRONG if answer.effect is Effect.OK else answer.effect
    says = f"has {', '.join(answer.addresses)}" if effect is Effect.WRONG else "does not exist or cannot be told"
    return Signal(
        path=Path.FORWARD,
        effect=effect,
        summary=f"For pod/{answer.pod} the Service {wanted.key} {says}; it has {', '.join(wanted.addresses)}.",
        server=f"pod/{answer.pod}",
        kind=NameKind.INTERNAL,
        transport="tcp",
        evidence=(answer.line,),
    )


def _behind(
    facts: Facts, stale: list[Answer], failing: tuple[str, ...], asked: tuple[str, ...], knowing: set[str]
) -> Finding:
    """Sure where another process knows what this one does not; where all fail alike, rights or the Corefile may be why."""
    apart = any(each.name in knowing for each in stale)
    old = [each for each in stale if each.effect is not Effect.SERVFAIL]
    partly = any(each.effect in KNOWN and each.pod in failing and each not in stale for each in facts.answers)
    shown = ", ".join(dict.fromkeys(one.key for one in facts.wanted if any(one.name == each.name for each in stale)))
    return Finding(
        code=CODE,
        severity=Severity.CRITICAL,
        summary=f"{len(failing)} of {len(asked)} CoreDNS processes do not know Services that exist ({shown}): "
        "their copy of the API server's records is old or empty.",
        subject=", ".join(f"Pod kube-system/{pod}" for pod in failing),
        evidence=_shown(facts, stale),
        fix="Restart the CoreDNS pods that are behind, and see what keeps them (or their nodes) from the API server: "
        "kube-proxy, security groups, network policy on the way to the Service `kubernetes`.",
        commands=tuple(f"kubectl -n kube-system delete pod {pod}" for pod in failing[:4]),
        confidence=Confidence.HIGH if (apart or partly) and old else Confidence.MEDIUM,
        scope=Scope(servers=tuple(f"pod/{pod}" for pod in failing)),
    )


def _shown(facts: Facts, stale: list[Answer]) -> tuple[str, ...]:
    """The wrong answers, and for comparison right ones for the same names."""
    names = {each.name for each in stale}
    right = [each.line for each in facts.answers if each.name in names and each not in stale]
    exists = [
        f"Service {one.key} has {', '.join(one.addresses)} for {ages.words(one.age)}"
        for one in facts.wanted
        if one.name in names
    ]
    return (*(each.line for each in stale[:8]), *right[:3], *exists[:4])


def describe(facts: Facts) -> str:
    """Answers that fit."""
    exists = {one.name: one for one in facts.wanted}
    good = sum(each.effect in KNOWN and not _stale(exists[each.name], each) for each in facts.answers)
    return f"{good} of {len(facts.answers)} answers about {len(facts.wanted)} Services fit what exists"


CHECK = Check(
    name="coredns-freshness",
    title="Every CoreDNS process knows the cluster's newest Services",
    stage=Stage.RESOLUTION,
    steps=("S19",),
    source="https://coredns.io/plugins/kubernetes/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
