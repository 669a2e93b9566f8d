"""CoreDNS' logs show no errors that go on.

CoreDNS says in its log what it cannot do: name servers that do not answer, more queries than it may forward at a time, an API
server that it cannot watch, health requests that take a second because it gets no CPU.

Read: the last 2000 lines of each replica, and, where a watch fails, the API server's own word on what CoreDNS' account may
read (CoreDNS 1.12 does not log the reason). Errors that stopped are history. Errors for single names say little: the
upstream's owner may be at fault, so they count only when they are many, go on now, and are about one server.

Told apart: a watch that is denied (rights) from one that finds no API server (network); a limit of CoreDNS' own (REFUSED)
from servers that are silent. Why a server is silent (packet limit, VPC settings, a dead stub domain) is for other steps.
https://coredns.io/plugins/errors/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity, Signal
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, Gap, Gaps, ages, rights
from workers.cluster.assembled import Assembled
from workers.cluster.coredns_config import replicas
from workers.cluster.coredns_log import LogFacts, Said, Seen
from workers.cluster.corefile import forwards_of

LIMIT, RIGHTS, API = "forward-max-concurrent", "coredns-rbac-endpointslices", "coredns-api-unreachable-or-desynced"
STARVED = "coredns-oom-or-throttled"
UPSTREAM = (Said.UPSTREAM_TIMEOUT, Said.UPSTREAM_REFUSED, Said.UPSTREAM_UNREACHABLE)
WATCH = (Said.WATCH_FORBIDDEN, Said.WATCH_UNAUTHORIZED, Said.WATCH_TIMEOUT, Said.WATCH_FAILED)
NOW = 60.0
"""Errors whose last line is younger go on."""
RETRY = 100.0
"""The same for watches: they are tried again after up to a minute."""
MANY = 10
WATCHED = (("discovery.k8s.io", "endpointslices"), ("", "services"), ("", "namespaces"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What one replica's log says."""

    pod: str
    ready: bool
    log: LogFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """denied: what CoreDNS may not list by an access review; None where none was asked.

    stubs: address -> zone, for addresses that the Corefile forwards a zone of its own to.
    """

    replicas: tuple[Spoken, ...]
    denied: tuple[str, ...] | None = None
    account: str = "coredns"
    stubs: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the logs. Raises CannotRead where none could be read."""
    gaps, now = Gaps(), ages.clock()
    found = tuple(
        Spoken(pod=one.pod, ready=one.ready, log=one.log)
        for one in replicas(cluster, gaps, now)
        if one.log and not one.leaving
    )
    if not found and gaps.seen():
        first = gaps.seen()[0]
        raise CannotRead("read", "the logs of CoreDNS", f"{first.what}: {first.reason}", grant=first.grant)
    corefile = gaps.of(cluster.corefile, Assembled()).parsed
    account = next(
        (p.spec.service_account_name for p in cluster.coredns_pods() if p.spec.service_account_name), "coredns"
    )
    failing = any(_goes_on(seen, RETRY) for one in found for seen in one.log.of(*WATCH, Said.UNSYNCED_START))
    return Facts(
        replicas=found,
        denied=gaps.of(lambda: _denied(cluster, account), None) if failing else None,
        account=account,
        stubs=tuple(
            (address, each.zone) for each in forwards_of(corefile) if each.zone for address, _ in each.addresses
        ),
        gaps=gaps.seen(),
    )


def _denied(cluster: Cluster, account: str) -> tuple[str, ...] | None:
    user, groups = rights.user("kube-system", account), rights.groups("kube-system")
    return tuple(
        f"{verb} {resource}"
        for group, resource in WATCHED
        for verb in ("list", "watch")
        if not cluster.may(user, groups, verb, group, resource).allowed
    )


def _goes_on(seen: Seen, within: float = NOW) -> bool:
    return 0 <= seen.last_age <= within


def diagnose(facts: Facts) -> Iterator[Observation]:
    """What goes on, then what is over."""
    yield from _watches(facts)
    yield from _limit(facts)
    yield from _upstreams(facts)
    yield from _starved(facts)
    quiet = [one for one in facts.replicas if one.ready and not one.log.of(*WATCH)]
    if facts.replicas and len(quiet) == len(facts.replicas):
        yield Excluded(code=RIGHTS, because=f"none of {len(quiet)} CoreDNS logs tells of a watch that failed")
    if facts.replicas and not any(one.log.of(Said.MAX_CONCURRENT) for one in facts.replicas):
        yield Excluded(code=LIMIT, because="no CoreDNS log tells of too many queries at a time")


def _watches(facts: Facts) -> Iterator[Finding]:
    failing = [(one, seen) for one in facts.replicas for seen in one.log.of(*WATCH)]
    now = [(one, seen) for one, seen in failing if _goes_on(seen, RETRY)]
    if facts.denied and now:
        yield _forbidden(facts, now)
        return
    cut = [(one, seen) for one, seen in now if seen.said in (Said.WATCH_TIMEOUT, Said.WATCH_FAILED)]
    if cut:
        yield _cut_off(facts, cut)
    elif failing:
        code = RIGHTS if any(seen.said is Said.WATCH_FORBIDDEN for _, seen in failing) else API
        yield _over(code, "A CoreDNS pod could not watch the API server", [seen for _, seen in failing])


def _forbidden(facts: Facts, now: list[tuple[Spoken, Seen]]) -> Finding:
    pods = tuple(dict.fromkeys(one.pod for one, _ in now))
    what = ", ".join(facts.denied or ())
    return Finding(
        code=RIGHTS,
        severity=Severity.CRITICAL,
        summary=f"CoreDNS may not read what it answers from ({what}), so {len(pods)} of {len(facts.replicas)} pods fail for "
        "the cluster's names or will do so after their next restart.",
        subject="ClusterRole system:coredns",
        evidence=(f"access review of system:serviceaccount:kube-system:{facts.account}: denied {what}", *_lines(now)),
        fix="Give the ClusterRole system:coredns list and watch of endpointslices in discovery.k8s.io, and of services, pods "
        "and namespaces; a new version of the EKS add-on brings it along.",
        commands=(
            "kubectl get clusterrole system:coredns -o yaml",
            "kubectl get clusterrolebinding system:coredns -o yaml",
        ),
        scope=Scope(servers=tuple(f"pod/{pod}" for pod in pods)),
    )


def _cut_off(facts: Facts, cut: list[tuple[Spoken, Seen]]) -> Finding:
    """Sure where it lasts for a minute and the log says that the API server did not answer."""
    pods = tuple(dict.fromkeys(one.pod for one, _ in cut))
    none_ready = len(pods) == len(facts.replicas) and not any(one.ready for one in facts.replicas)
    lasting = any(seen.said is Said.WATCH_TIMEOUT and seen.count >= 2 and seen.first_age >= NOW for _, seen in cut)
    return Finding(
        code=API,
        severity=Severity.CRITICAL if len(pods) == len(facts.replicas) else Severity.WARNING,
        summary=f"{len(pods)} of {len(facts.replicas)} CoreDNS pods cannot reach the API server: "
        + (
            "they do not learn the cluster's names, none is ready, and kube-dns leads nowhere."
            if none_ready
            else "they answer from what they knew before, and do not know newer Services."
        ),
        subject=", ".join(f"Pod kube-system/{pod}" for pod in pods),
        evidence=(
            *_lines(cut),
            *(("access review: CoreDNS may list all that it watches",) if facts.denied == () else ()),
        ),
        fix="See why those pods (or their nodes) do not reach the API server: kube-proxy, security groups, network policy on "
        "the way to the Service `kubernetes`. Then restart those pods.",
        commands=tuple(f"kubectl -n kube-system get pod {pod} -o wide" for pod in pods[:4]),
        confidence=Confidence.HIGH if lasting else Confidence.MEDIUM,
        scope=Scope() if none_ready else Scope(servers=tuple(f"pod/{pod}" for pod in pods)),
    )


def _limit(facts: Facts) -> Iterator[Finding]:
    hits = [(one, seen) for one in facts.replicas for seen in one.log.of(Said.MAX_CONCURRENT)]
    now = [(one, seen) for one, seen in hits if _goes_on(seen)]
    if not now:
        if hits:
            yield _over(LIMIT, "CoreDNS refused queries beyond its limit", [seen for _, seen in hits])
        return
    limit = now[0][1].last.rpartition(" ")[2]
    yield Finding(
        code=LIMIT,
        severity=Severity.CRITICAL,
        summary=f"CoreDNS refuses queries for outside names, since more than {limit} wait for an answer at a time "
        f"({sum(seen.count for _, seen in now)} refusals in its logs, the last {min(s.last_age for _, s in now):.0f} s ago).",
        subject="ConfigMap kube-system/coredns",
        evidence=tuple(_lines(now)),
        fix="Raise `max_concurrent` of `forward` (1000 and more; about 2 kB each), add replicas, and see why the name servers "
        "behind CoreDNS answer slowly or which application asks so much.",
        commands=("kubectl -n kube-system edit configmap coredns",),
        scope=Scope(servers=tuple(f"pod/{one.pod}" for one, _ in now), kinds=(NameKind.EXTERNAL, NameKind.ASKED)),
    )


def _upstreams(facts: Facts) -> Iterator[Signal]:
    """Name servers that fail many queries right now; the loop plugin's own questions and single names do not count."""
    zones = dict(facts.stubs)
    by_server: dict[str, list[tuple[Spoken, Seen]]] = {}
    for one in facts.replicas:
        for seen in one.log.of(*UPSTREAM):
            if (
                seen.address
                and _goes_on(seen)
                and seen.count >= MANY
                and (len(seen.names) > 1 or seen.address in zones)
            ):
                by_server.setdefault(seen.address, []).append((one, seen))
    for address, found in by_server.items():
        zone = zones.get(address, "")
        silent = any(seen.said is Said.UPSTREAM_TIMEOUT for _, seen in found)
        count = sum(seen.count for _, seen in found)
        yield Signal(
            path=Path.UPSTREAM,
            effect=Effect.SILENT if silent else Effect.UNREACHABLE,
            summary=f"CoreDNS logs {count} failed queries to the name server {address}, the last "
            f"{min(seen.last_age for _, seen in found):.0f} s ago.",
            server=address,
            kind=NameKind.ASKED if zone else NameKind.EXTERNAL,
            zone=zone,
            attempts=count,
            evidence=tuple(_lines(found)),
        )


def _starved(facts: Facts) -> Iterator[Finding]:
    slow = [(one, seen) for one in facts.replicas for seen in one.log.of(Said.HEALTH_SLOW) if seen.count >= 3]
    now = [(one, seen) for one, seen in slow if _goes_on(seen, 300.0)]
    if now:
        yield Finding(
            code=STARVED,
            severity=Severity.WARNING,
            summary=f"{len(now)} of {len(facts.replicas)} CoreDNS pods take more than a second to answer their own health "
            "request: they get too little CPU.",
            subject="Deployment kube-system/coredns",
            evidence=tuple(_lines(now)),
            fix="Give CoreDNS more CPU (no low CPU limit), or more replicas on less busy nodes.",
            commands=("kubectl -n kube-system top pod -l k8s-app=kube-dns",),
            confidence=Confidence.MEDIUM,
            scope=Scope(servers=tuple(f"pod/{one.pod}" for one, _ in now)),
        )
    elif slow:
        yield _over(STARVED, "CoreDNS got too little CPU for its own health requests", [seen for _, seen in slow])


def _over(code: str, what: str, seen: list[Seen]) -> Finding:
    last = min(each.last_age for each in seen)
    return Finding(
        code=code,
        severity=Severity.INFO,
        summary=f"{what}; the last line of it is {ages.words(last if last >= 0 else None)} old.",
        subject="Deployment kube-system/coredns",
        evidence=tuple(each.last for each in seen[:4]),
        fix="Nothing to do, unless it comes back.",
    )


def _lines(found: list[tuple[Spoken, Seen]]) -> tuple[str, ...]:
    return tuple(f"pod/{one.pod}, {seen.count} times: {seen.last}" for one, seen in found[:6])


def describe(facts: Facts) -> str:
    """Lines read and errors that go on."""
    lines = sum(one.log.lines for one in facts.replicas)
    errors = (*UPSTREAM, *WATCH, Said.MAX_CONCURRENT, Said.NO_HEALTHY, Said.OTHER_ERROR, Said.PANIC)
    going = sum(seen.count for one in facts.replicas for seen in one.log.of(*errors) if _goes_on(seen, RETRY))
    every = sum(seen.count for one in facts.replicas for seen in one.log.of(*errors))
    return f"{lines} lines of {len(facts.replicas)} logs: {every} errors, {going} of kinds that go on"


CHECK = Check(
    name="coredns-errors",
    title="CoreDNS' logs show no errors that go on",
    stage=Stage.CONFIGURATION,
    steps=("S23",),
    source="https://coredns.io/plugins/errors/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
