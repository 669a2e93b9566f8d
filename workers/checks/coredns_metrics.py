"""CoreDNS answers useful questions, quickly, and refuses none.

CoreDNS counts its answers by return code, its questions to other name servers, and what it refused. Most answers saying "no
such name" means that search lists multiply the questions: each outside name costs four to five lookups, times two.

Read: the metrics of each replica (port 9153) over port-forward, twice, a second apart. Shares are of all answers since the
replica started. What it cannot tell: which names and clients (the query log can), and what happened before a restart.

Told apart: "no such name" from the search list ends in CoreDNS itself, or in its cache; an application that asks for names
that do not exist outside sends most of them on to the name servers. Few questions prove nothing and cost nothing.
https://coredns.io/plugins/metrics/
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from contract.model import Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages
from workers.cluster.coredns_config import replicas
from workers.cluster.coredns_metrics import Counters, read
from workers.cluster.objects import Pod

AMPLIFIED, LIMIT, STARVED = "ndots-amplification", "forward-max-concurrent", "coredns-oom-or-throttled"
PORT = 9153
APART = 1.0
MANY = 500
"""Fewer answers prove nothing."""
BUSY = 1.5
"""Answers a second, on average, under which the search list costs nobody anything."""
WASTE = 0.6
"""With the usual search list four of five answers are waste; a few shares are normal."""
SLOW = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One replica: its counters, those of a moment later (None: not read), and seconds since it started."""

    pod: str
    age: float
    first: Counters
    second: Counters | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The samples of all replicas that could be read."""

    samples: tuple[Sample, ...]
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the metrics twice. Raises CannotRead where no replica gave any."""
    gaps, now = Gaps(), ages.clock()
    ready = {one.pod: one for one in replicas(cluster, Gaps(), now) if one.ready}
    pods = [pod for pod in cluster.coredns_pods() if pod.name in ready]
    if not pods:
        raise DoesNotApply("no CoreDNS pod is ready, so that there is nothing to count")
    with ThreadPoolExecutor(max_workers=min(8, len(pods))) as pool:
        first = list(pool.map(lambda pod: gaps.of(lambda: _counters(cluster, pod, "/metrics"), None), pods))
        time.sleep(APART)
        second = list(pool.map(lambda pod: gaps.of(lambda: _counters(cluster, pod, "/metrics?again=1"), None), pods))
    found = tuple(
        Sample(pod=pod.name, age=ready[pod.name].started_age or 0.0, first=one, second=other)
        for pod, one, other in zip(pods, first, second, strict=True)
        if one is not None
    )
    if not found:
        gap = gaps.seen()[0]
        raise CannotRead("read", "the metrics of CoreDNS", f"{gap.what}: {gap.reason}", grant=gap.grant)
    return Facts(samples=found, gaps=gaps.seen())


def _counters(cluster: Cluster, pod: Pod, path: str) -> Counters:
    status, text = cluster.http(pod, PORT, path)
    if status != 200:
        raise CannotRead("read", f"the metrics of pod/{pod.name}", f"it answered with status {status}")
    return read(text)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Waste, refusals, and times."""
    yield from _amplified(facts)
    yield from _refused(facts)
    yield from _slow(facts)
    panics = [one for one in facts.samples if one.first.panics]
    if panics:
        shown = ", ".join(f"pod/{one.pod} {one.first.panics}" for one in panics)
        yield Finding(
            code=STARVED,
            severity=Severity.INFO,
            summary=f"CoreDNS caught errors of its own program (panics): {shown}.",
            subject="Deployment kube-system/coredns",
            evidence=tuple(f"pod/{one.pod}: coredns_panics_total {one.first.panics}" for one in panics),
            fix="Update CoreDNS; each panic costs one answer.",
        )


def _amplified(facts: Facts) -> Iterator[Finding | Excluded]:
    answers = sum(one.first.answers for one in facts.samples)
    absent = sum(one.first.of("NXDOMAIN") for one in facts.samples)
    useful = sum(one.first.of("NOERROR") for one in facts.samples)
    outside = sum(one.first.forwarded_absent for one in facts.samples)
    pace = sum(one.first.answers / max(one.age, 1.0) for one in facts.samples)
    if answers < MANY:
        return
    if absent < WASTE * answers:
        yield Excluded(
            code=AMPLIFIED, because=f"{absent} of {answers} answers of CoreDNS are NXDOMAIN ({_share(absent, answers)})"
        )
    elif pace >= BUSY and useful and outside <= absent / 2:
        yield Finding(
            code=AMPLIFIED,
            severity=Severity.WARNING,
            summary=f"{_share(absent, answers)} of CoreDNS' {answers} answers say that there is no such name: search lists "
            f"make about {answers / useful:.1f} questions of each that is useful ({pace:.0f} a second).",
            subject="Deployment kube-system/coredns",
            evidence=tuple(_line(one) for one in facts.samples),
            fix="For workloads that ask for outside names a lot: end these names with a dot, or set `dnsConfig` ndots to 2 "
            "(not for images built on musl, such as Alpine, without a test). NodeLocal DNSCache takes the load off CoreDNS.",
            commands=(
                "kubectl -n kube-system get --raw /api/v1/namespaces/kube-system/services/kube-dns:9153/proxy/metrics",
            ),
        )


def _refused(facts: Facts) -> Iterator[Finding | Excluded]:
    """Refusals that grow within the second are of now; a count alone is history."""
    rising = [one for one in facts.samples if one.second and one.second.rejects > one.first.rejects]
    ever = [one for one in facts.samples if one.first.rejects]
    if not ever and not rising:
        yield Excluded(code=LIMIT, because=f"{len(facts.samples)} CoreDNS pods refused no query for their limit")
        return
    shown = sum((one.second or one.first).rejects for one in (rising or ever))
    now = bool(rising)
    yield Finding(
        code=LIMIT,
        severity=Severity.CRITICAL if now else Severity.INFO,
        summary=f"CoreDNS {'refuses' if now else 'refused'} queries for outside names beyond its own limit: {shown} since it "
        f"started{', and more every second' if now else ', none within the last second'}.",
        subject="ConfigMap kube-system/coredns",
        evidence=tuple(_line(one) for one in (rising or ever)),
        fix="Raise `max_concurrent` of `forward` (1000 and more; about 2 kB each), add replicas, and see why the name servers "
        "behind CoreDNS answer slowly or which application asks so much.",
        commands=("kubectl -n kube-system get configmap coredns -o yaml",),
        scope=Scope(
            servers=tuple(f"pod/{one.pod}" for one in (rising or ever)), kinds=(NameKind.EXTERNAL, NameKind.ASKED)
        ),
    )


def _slow(facts: Facts) -> Iterator[Finding]:
    slow = [one for one in facts.samples if one.first.p99 >= SLOW and one.first.answers >= MANY]
    if slow:
        worst = max(one.first.p99 for one in slow)
        yield Finding(
            code=STARVED,
            severity=Severity.INFO,
            summary=f"One of 100 answers of CoreDNS takes {worst:g} s or so: slow name servers behind it, or too little CPU.",
            subject="Deployment kube-system/coredns",
            evidence=tuple(_line(one) for one in slow),
            fix="See whether the name servers behind CoreDNS are slow, or its CPU is limited.",
        )


def _line(one: Sample) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in one.first.rcodes[:5])
    later = f" (a second later {one.second.rejects})" if one.second else ""
    return (
        f"pod/{one.pod}: answers {codes or 'none'}; forwarded {one.first.forwarded}, of these NXDOMAIN "
        f"{one.first.forwarded_absent}; refused for its limit {one.first.rejects}{later}; since {ages.words(one.age)}"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def describe(facts: Facts) -> str:
    """Answers, and the share of those without use."""
    answers = sum(one.first.answers for one in facts.samples)
    absent = sum(one.first.of("NXDOMAIN") for one in facts.samples)
    failed = sum(one.first.of("SERVFAIL") + one.first.of("REFUSED") for one in facts.samples)
    shares = f"NXDOMAIN {_share(absent, answers)}, failed {_share(failed, answers)}"
    return f"{answers} answers of {len(facts.samples)} pods, {shares}"


CHECK = Check(
    name="coredns-metrics",
    title="CoreDNS answers useful questions, quickly, and refuses none",
    stage=Stage.CONFIGURATION,
    steps=("S26", "S27", "S28", "S31"),
    source="https://coredns.io/plugins/metrics/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
