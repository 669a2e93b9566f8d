"""The CoreDNS pods on one network interface stay below the VPC resolver's limit of 1024 packets a second.

The VPC's resolver takes 1024 packets a second from each network interface, and no request can raise that. The interface is
shared by all pods on it, and with the instance metadata and the time service. What is above the limit is dropped without a
word: outside names then time out in bursts, while names of the cluster work.

Read: how many questions each CoreDNS pod passes on to the VPC's resolver within a second, by its metrics, summed for the
interface that carries the pods; and the drops, where the CloudWatch agent publishes them. It sees one second of now, no
burst of an hour ago, and counts no other pods' traffic. Drops are also told by the node monitoring agent's events. A VPC
whose DNS is switched off never answers, whatever the rate.
https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-limits
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.attachment import Held
from workers.cluster.forwarded import forwarded
from workers.cluster.objects import Pod
from workers.cluster.outward import vpc_resolvers

SOURCE = "https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-limits"
CODE = "eni-pps-throttle"
LIMIT = 1024
RISK = 0.8
APART = 1.0
MAX_PODS = 20
METRIC = ("CWAgent", "ethtool_linklocal_allowance_exceeded")
INTERFACES = ("eth0", "eth1", "eth2", "ens5", "ens6", "ens7")
"""As Amazon Linux 2, Bottlerocket and Amazon Linux 2023 name an instance's first network interfaces."""
FEW = 100
"""Fewer drops than this in 15 minutes hardly anybody notices: a question that is lost is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a CoreDNS pod passes on to the VPC's resolver. interface: that carries it, or ""."""

    pod: str
    node: str
    interface: str
    per_second: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drops:
    """Packets that an instance dropped at the limit in the last 15 minutes, by CloudWatch."""

    node: str
    instance: str
    dropped: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The rates, and the drops where they are published."""

    rates: tuple[Rate, ...]
    drops: tuple[Drops, ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read each pod's counters twice. Raises CannotRead where none shows any, DoesNotApply without CoreDNS pods."""
    aws, gaps = cluster.aws, Gaps()
    pods = [p for p in cluster.coredns_pods() if p.running and p.addresses][:MAX_PODS]
    if not pods:
        raise DoesNotApply("no CoreDNS pod runs here")
    resolvers = vpc_resolvers(aws.vpc_dns(aws.cluster().vpc).cidrs)
    first = _read(cluster, pods, "/metrics", gaps)
    if not any(first):
        gaps.check()
        raise CannotRead("read", "metrics of CoreDNS", "no pod shows any")
    time.sleep(APART)
    second = _read(cluster, pods, "/metrics?second=1", gaps)
    nodes = [n for n in cluster.nodes() if n.name in {p.spec.node_name for p in pods}]
    held = gaps.of(lambda: Held(aws, nodes, [p.addresses[0] for p in pods]), None)
    rates = []
    for pod, before, after in zip(pods, first, second, strict=True):
        if before is None or after is None or after[0] <= before[0]:
            continue
        seconds = after[0] - before[0]
        grown = sum(max(0.0, after[1].get(r, 0.0) - before[1].get(r, 0.0)) for r in resolvers)
        one = held.of(pod.addresses[0]) if held else None
        rates.append(
            Rate(
                pod=pod.name, node=pod.spec.node_name, interface=one.id if one else "",
                per_second=round(grown / seconds, 1), seconds=round(seconds, 2),
            )
        )  # fmt: skip
    instances = {
        p.spec.node_name: one.instance for p in pods if held and (one := held.of(p.addresses[0])) and one.instance
    }
    drops = [Drops(node=n, instance=i, dropped=_dropped(cluster, i)) for n, i in instances.items()]
    return Facts(rates=tuple(rates), drops=tuple(d for d in drops if d.dropped > 0), gaps=gaps.seen())


Counted = tuple[float, dict[str, float]] | None


def _read(cluster: Cluster, pods: Sequence[Pod], path: str, gaps: Gaps) -> list[Counted]:
    """The time and the counters of each pod, all read at the same time; None where a pod shows none."""

    def ask(pod: Pod) -> Counted:
        status, text = cluster.http(pod, 9153, path)
        counts = forwarded(text) if status == 200 else None
        return None if counts is None else (time.monotonic(), dict(counts))

    with ThreadPoolExecutor(max_workers=len(pods), thread_name_prefix="metrics") as pool:
        running = [pool.submit(ask, pod) for pod in pods]
        return [gaps.of(future.result, None) for future in running]


def _dropped(cluster: Cluster, instance: str) -> float:
    """Drops by CloudWatch; 0 where nobody publishes them.

    The CloudWatch agent publishes them by interface and driver; where it is told to, for the whole instance as well.
    """
    of_instance = {"InstanceId": instance}
    sets = [of_instance, *({**of_instance, "interface": one, "driver": "ena"} for one in INTERFACES)]
    whole, *each = Gaps().of(lambda: cluster.aws.metric(*METRIC, *sets), ((),))
    return _grown(whole) if whole else sum(map(_grown, each))


def _grown(values: Sequence[float]) -> float:
    """How much a metric came to, whether it holds a growing counter or each minute's own."""
    if len(values) < 2:
        return 0.0
    grows = all(a <= b for a, b in itertools.pairwise(values))
    return values[-1] - values[0] if grows else sum(values)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """F56 for drops, a risk for an interface near the limit; else the cause is excluded with the rate."""
    for one in facts.drops:
        yield _dropping(facts, one)
    loads = _loads(facts)
    hit = {d.node for d in facts.drops}
    near = {eni: rates for eni, rates in loads.items() if _sum(rates) > RISK * LIMIT and rates[0].node not in hit}
    for eni, rates in near.items():
        yield _near(eni, rates)
    if not facts.drops and not near and facts.rates and not facts.gaps:
        most = max(_sum(rates) for rates in loads.values())
        because = f"the busiest interface sends the VPC's resolver {most:.0f} of {LIMIT} questions a second"
        yield Excluded(code=CODE, because=because)


def _loads(facts: Facts) -> dict[str, list[Rate]]:
    loads: dict[str, list[Rate]] = {}
    for rate in facts.rates:
        loads.setdefault(rate.interface or f"pod/{rate.pod}", []).append(rate)
    return loads


def _sum(rates: Sequence[Rate]) -> float:
    return sum(rate.per_second for rate in rates)


def _lines(rates: Sequence[Rate]) -> tuple[str, ...]:
    return tuple(
        f"pod kube-system/{r.pod} on {r.node}, {r.interface or 'interface unknown'}: {r.per_second:g} questions a second "
        f"to the VPC's resolver, measured over {r.seconds:g} s"
        for r in rates
    )


FIX = (
    "Spread the CoreDNS pods over more nodes and run more of them, let NodeLocal DNSCache or CoreDNS' cache answer more, "
    "and let applications ask fewer names (a trailing dot, or a lower ndots)."
)
COMMANDS = ("kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide",)


def _dropping(facts: Facts, drops: Drops) -> Finding:
    rates = [r for r in facts.rates if r.node == drops.node]
    few = drops.dropped < FEW
    return Finding(
        code=CODE,
        severity=Severity.INFO if few else Severity.CRITICAL,
        # They may be over: a cause only where outside names fail now.
        confidence=Confidence.MEDIUM,
        summary=(
            f"Node {drops.node} dropped {drops.dropped:.0f} packets to the VPC's resolver in 15 minutes, "
            f"at its limit of {LIMIT} a second for each interface"
        ),
        subject=f"instance {drops.instance}",
        evidence=(f"CloudWatch {' '.join(METRIC)} of {drops.instance}: {drops.dropped:g}", *_lines(rates)),
        fix=FIX,
        commands=COMMANDS,
        scope=Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED)),
    )


def _near(eni: str, rates: Sequence[Rate]) -> Finding:
    total = _sum(rates)
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=(
            f"{counted(len(rates), 'CoreDNS pod')} on {eni} {'sends' if len(rates) == 1 else 'send'} the VPC's resolver "
            f"{total:.0f} questions a second, "
            f"{100 * total / LIMIT:.0f} % of the {LIMIT} that one interface may"
        ),
        subject=eni,
        evidence=_lines(rates),
        fix=FIX,
        commands=COMMANDS,
        # Nothing is dropped yet, so that it is a risk, and a mere guess where outside names fail.
        confidence=Confidence.MEDIUM,
        scope=Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED)),
    )


def describe(facts: Facts) -> str:
    """The rate of the busiest interface."""
    loads = _loads(facts)
    most = max((_sum(rates) for rates in loads.values()), default=0.0)
    return f"at most {most:.0f} of {LIMIT} questions a second from one interface ({len(facts.rates)} CoreDNS pods measured)"


CHECK = Check(
    name="packet-budget",
    title="CoreDNS stays below the VPC resolver's packet limit",
    stage=Stage.UPSTREAM,
    steps=("S31",),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
