"""Short names resolve with the ndots that pods have, and what outside names cost is known.

With `ndots:5` a name with fewer than five dots is tried with every search domain first: an outside name costs several times
the queries. Lowering ndots saves them, and breaks short names such as `web.shop` where the image is built on musl: musl
never tries the search list for a name that has as many dots as ndots; glibc falls back to it. With dnsPolicy `None` and no
ndots of their own pods have 1: the kubelet writes `ndots:5` only for those that ask the cluster's DNS by themselves.

Read: search list and times from the probes, dnsConfig of the application pods, what CoreDNS says of the asked name and its
expansions, and how the asked pod's C library can be told (loader files, the words of its log, the name of its image). A
finding needs a name that somebody asked about: not found as it stands, found with the search list. Where nothing tells
the C library, that somebody complains of a name which glibc would find is all there is, and the confidence says so. What it
cannot tell: which names applications use that nobody asked about.
https://wiki.musl-libc.org/functional-differences-from-glibc.html#Name-Resolver/DNS
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Excluded, Finding, NameKind, Observation, Path, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps, Survey
from workers.cluster.asked import AskedName, Candidate, asked_name
from workers.cluster.clients import Client, clients
from workers.cluster.libc import KnownLibc, asked_libc, known
from workers.cluster.names import Libc, dots, expansions
from workers.cluster.resolv_conf import parse
from workers.cluster.survey import NODE_LOCAL

SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an outside name costs a usual pod: the names that are asked for it, each for A and AAAA.

    seconds: the slowest whole look-up by a probe; alone: the fastest answer to the name itself.
    """

    name: str
    names: tuple[str, ...]
    ndots: int
    seconds: float
    alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """low: workloads that set ndots themselves, the asked one first, each with its C library as far as it is known.

    The asked one is among them, too, where it has no ndots since it brings all its DNS settings itself, the cluster's DNS
    among them: where it asks other servers first, they are to blame.
    """

    cost: Cost | None
    asked: AskedName | None = None
    low: tuple[tuple[Client, KnownLibc], ...] = ()
    looked: int = 0
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the probes, the pods, and the answers. Raises CannotRead where nothing could be seen at all."""
    gaps = Gaps()
    survey = gaps.of(cluster.survey, None)
    found = clients(cluster, gaps)
    asked = gaps.of(lambda: asked_name(cluster, gaps), None) if cluster.question.name else None
    low = [
        one
        for one in found
        if one.ndots is not None or (one.asked and _without(one) and _asks_ours(cluster, gaps, one))
    ]
    libcs = []
    for one in low:
        doubtful = one.asked and asked is not None and _too_low(one, asked)
        libcs.append((one, asked_libc(cluster, one, gaps) if doubtful else known(one)))
    cost = _cost(survey, cluster.entry.names_external) if survey else None
    return Facts(cost=cost, asked=asked, low=tuple(libcs), looked=len(found), gaps=gaps.seen())


def _asks_ours(cluster: Cluster, gaps: Gaps, client: Client) -> bool:
    """Whether the first of the name servers that a workload brings is the cluster's DNS."""
    service = gaps.of(lambda: cluster.service(SYSTEM, "kube-dns"), None)
    return bool({*(service.addresses if service else ()), NODE_LOCAL} & {*client.nameservers[:1]})


def _cost(survey: Survey, name: str) -> Cost | None:
    conf = next((parse(r.text) for r in survey.resolv if r.policy == "ClusterFirst"), None)
    if conf is None:
        return None
    times = [one.seconds for one in survey.looked if one.name == name and one.addresses]
    alone = [
        one.seconds for one in survey.asked
        if one.name.kind is NameKind.EXTERNAL and one.target.path is Path.CLUSTER_IP and one.effect == "ok"
    ]  # fmt: skip
    names = expansions(name, conf.search, conf.ndots)
    tried = names[: names.index(name) + 1] if name in names else names
    return Cost(
        name=name, names=tried, ndots=conf.ndots, seconds=max(times, default=0.0), alone=min(alone, default=0.0)
    )


def diagnose(facts: Facts) -> Iterator[Observation]:
    """The asked name against each workload's ndots; the cost of outside names as advice."""
    asked = facts.asked
    if asked is not None:
        for client, libc in facts.low:
            if _too_low(client, asked) and _only_by_search(asked) and libc.libc is not Libc.GLIBC:
                yield from _musl(asked, client, libc)
        yield from _excluded(facts, asked)
    else:
        yield from (_risk(client, libc) for client, libc in facts.low if _risky(client, libc))
    if facts.cost is not None and len(facts.cost.names) > 1:
        yield _advice(facts.cost)


def _too_low(client: Client, asked: AskedName) -> bool:
    """Whether the name as written has enough dots to be taken as absolute by this workload."""
    return not asked.name.endswith(".") and dots(asked.name) >= client.effective_ndots


def _without(client: Client) -> bool:
    """Whether nobody gives its pods an ndots, so that they have the library's 1. A node's own settings are not read."""
    return client.policy == "None" and client.ndots is None


def _set(client: Client) -> str:
    if _without(client):
        return "brings its own DNS settings (dnsPolicy None) without ndots, which then is 1"
    return f"sets ndots to {client.ndots}"


def _expansion(asked: AskedName) -> Candidate | None:
    itself = asked.itself
    return next((one for one in asked.candidates if one.resolves and one is not itself), None)


def _only_by_search(asked: AskedName) -> bool:
    """Whether CoreDNS has the name with a search domain of the cluster, and not as it stands."""
    itself, longer = asked.itself, _expansion(asked)
    return itself is not None and itself.absent and longer is not None and longer.name.endswith(asked.domain)


def _musl(asked: AskedName, client: Client, libc: KnownLibc) -> Iterator[Finding]:
    longer = _expansion(asked)
    if longer is None or asked.itself is None or (not client.asked and libc.libc is None):
        return
    unsure = (
        "" if libc.libc else "; which C library the image has could not be told, with glibc the name would be found"
    )
    # Who lowered ndots is asked to think of musl; who wrote none may well run glibc, where the name is found.
    told = libc.libc is not None or (client.asked and not _without(client))
    confidence = Confidence.HIGH if libc.sure else Confidence.MEDIUM if told and client.asked else Confidence.LOW
    enough = dots(asked.name) + 1
    yield Finding(
        code="ndots-too-low-musl",
        severity=Severity.WARNING if told else Severity.INFO,
        confidence=confidence,
        subject=client.subject,
        summary=f"{client.subject} {_set(client)}, so an image built on musl asks {asked.name} only as it stands "
        f"and never as {longer.name}, which exists{unsure}.",
        evidence=(client.line, *asked.itself.lines[:2], *longer.lines[:2], libc.how or "C library: not known"),
        fix=f"Set ndots to at least {max(3, enough)} for this workload, or write the whole name {longer.name}.",
        commands=client.patch({"dnsConfig": {"options": _options(client, max(3, enough))}}),
        scope=Scope(pods=client.pods),
    )


def _options(client: Client, ndots: int) -> list[dict[str, str]]:
    """The workload's options with another ndots: a merge replaces the list whole."""
    kept = [o.partition(":") for o in client.options if o.partition(":")[0] != "ndots"]
    return [
        {"name": "ndots", "value": str(ndots)},
        *({"name": n, "value": v} if v else {"name": n} for n, _, v in kept),
    ]


def _risky(client: Client, libc: KnownLibc) -> bool:
    return client.effective_ndots <= 1 and libc.libc is Libc.MUSL


def _risk(client: Client, libc: KnownLibc) -> Finding:
    return Finding(
        code="ndots-too-low-musl", severity=Severity.INFO, confidence=Confidence.LOW, subject=client.subject,
        summary=f"{client.subject} {_set(client)}, and {libc.how}: on musl names such as web.shop are then not "
        "found.",
        evidence=(client.line,), fix="Set ndots to 3 or more where the workload uses names of the form service.namespace.",
        commands=client.patch({"dnsConfig": {"options": _options(client, 3)}}), scope=Scope(pods=client.pods),
    )  # fmt: skip


def _excluded(facts: Facts, asked: AskedName) -> Iterator[Excluded]:
    if any(_too_low(client, asked) and libc.libc is not Libc.GLIBC for client, libc in facts.low) or facts.gaps:
        return
    glibc = [client for client, libc in facts.low if libc.libc is Libc.GLIBC and _too_low(client, asked)]
    if glibc:
        because = f"{glibc[0].subject} is built on glibc, which falls back to the search list"
    else:
        because = f"none of {facts.looked} workloads sets an ndots of {dots(asked.name)} or less"
    yield Excluded(code="ndots-too-low-musl", because=because)


def _advice(cost: Cost) -> Finding:
    queries = 2 * len(cost.names)
    took = (
        f"; a look-up took {cost.seconds * 1000:.0f} ms, the name alone {cost.alone * 1000:.0f} ms"
        if cost.seconds
        else ""
    )
    return Finding(
        code="ndots-amplification",
        severity=Severity.INFO,
        subject=f"ndots:{cost.ndots}",
        summary=f"An outside name such as {cost.name} costs a usual pod {queries} queries instead of 2, since "
        f"{len(cost.names) - 1} search domains are tried first{took}.",
        evidence=tuple(cost.names[:8]),
        fix="Where an application asks many outside names, write them with a dot at the end, or set ndots to 2 for that "
        "workload (3 or more on musl images that use short names with dots).",
        confidence=Confidence.HIGH,
    )


def describe(facts: Facts) -> str:
    """What an outside name costs, and how many workloads set ndots themselves."""
    own = f"{len(facts.low)} of {facts.looked} workloads set ndots themselves"
    cost = facts.cost
    return f"ndots {cost.ndots}: {2 * len(cost.names)} queries for {cost.name}; {own}" if cost else own


CHECK = Check(
    name="ndots-cost",
    title="Short names resolve with the ndots that pods have",
    stage=Stage.CLIENT,
    steps=("S24", "S28", "S29", "S30"),
    source="https://wiki.musl-libc.org/functional-differences-from-glibc.html#Name-Resolver/DNS",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
