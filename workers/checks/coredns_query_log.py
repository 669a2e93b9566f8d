"""The query log shows that most questions are useful.

With the plugin `log` CoreDNS writes a line for each question. It tells what the counters cannot: which clients ask for names
with the search list behind them (`amazon.com.shop.svc.cluster.local`), each of which costs four to five questions.

Read: the last 2000 lines of each replica, where the Corefile has `log`; without it this step is skipped. A client decides
what stands in a name: what a name holds can neither end the line's quotes nor add a line, so it cannot forge a count.
What it cannot tell: older questions; what a `log` with a format of one's own says.
https://coredns.io/plugins/log/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.coredns_log import QueryFacts, read_queries

CODE = "ndots-amplification"
MANY = 500
SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """pods: how many logs were read. names: pod names by address, of clients that are known."""

    queries: QueryFacts
    pods: int
    names: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the logs. Raises DoesNotApply where queries are not logged."""
    gaps = Gaps()
    if not any(block.all("log") for block in cluster.corefile().parsed.blocks):
        raise DoesNotApply("CoreDNS does not log queries (no `log` plugin in the Corefile)")
    pods = [pod for pod in cluster.coredns_pods() if pod.running]
    logs = [log.text for pod in pods if (log := gaps.of(partial(cluster.log, pod, "coredns"), None)) is not None]
    zone = cluster.entry.names_internal.rstrip(".").rpartition(".svc.")[2] or "cluster.local"
    found = read_queries((f"{text}\n".encode(errors="replace") for text in logs), (zone, "internal"))
    known = {
        address: pod.key
        for namespace in cluster.app_namespaces
        for pod in gaps.of(partial(cluster.pods, namespace), ())
        for address in pod.addresses
    }
    named = tuple((each.address, known[each.address]) for each in found.clients if each.address in known)
    return Facts(queries=found, pods=len(logs), names=named, gaps=gaps.seen())


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Waste by search lists, with the clients that make it."""
    seen = facts.queries
    if seen.queries < MANY:
        return
    if seen.wasted < SHARE * seen.queries:
        because = f"{seen.wasted} of {seen.queries} logged queries are search-list attempts that found nothing"
        yield Excluded(code=CODE, because=because)
        return
    names = dict(facts.names)
    worst = [f"{names.get(c.address, c.address)}: {c.wasted} of {c.queries} queries" for c in seen.clients]
    yield Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=f"{seen.wasted} of {seen.queries} logged queries are outside names with a search domain behind them, which "
        f"do not exist; {names.get(seen.clients[0].address, seen.clients[0].address)} asks most of them.",
        subject=f"Pod {names[seen.clients[0].address]}"
        if seen.clients[0].address in names
        else "Deployment kube-system/coredns",
        evidence=(*worst, *seen.samples),
        fix="Let these workloads end outside names with a dot, or set `dnsConfig` ndots to 2 (not for images built on musl, "
        "such as Alpine, without a test).",
        commands=tuple(
            f"kubectl -n {key.partition('/')[0]} get pod {key.partition('/')[2]} -o jsonpath='{{.spec.dnsConfig}}'"
            for _, key in facts.names[:3]
        ),
    )


def describe(facts: Facts) -> str:
    """Queries, shares and times."""
    seen = facts.queries
    codes = ", ".join(f"{code} {100 * count / seen.queries:.0f} %" for code, count in seen.rcodes[:4])
    times = f"p50 {seen.p50 * 1000:.2g} ms, p99 {seen.p99 * 1000:.2g} ms"
    return f"{seen.queries} queries of {facts.pods} logs: {codes or 'none'}; {times}"


CHECK = Check(
    name="coredns-query-log",
    title="The query log shows that most questions are useful",
    stage=Stage.CONFIGURATION,
    steps=("S24", "S25", "S26", "S27", "S28"),
    source="https://coredns.io/plugins/log/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
