"""Security groups let every node reach every CoreDNS pod on port 53, over UDP and TCP.

Pods have the security groups of the network interface that carries them. A question from another node passes if a rule of
the asking side lets it out and a rule of CoreDNS' side lets it in; the answer follows by itself. Where it does not, lookups
fail by chance: the pod on the asker's own node answers, the others do not. Large answers need TCP as well.

Read: the interfaces of all ready nodes and of the CoreDNS pods, their security groups, and the prefix lists in the rules.
Each node is judged with each CoreDNS pod on another node; on one node packets meet no security group.
It cannot tell what runs on the nodes (a firewall of their own) nor see networks that hide the pods' addresses (overlays).
A network policy looks the same from outside, but there all groups allow; a network ACL fails between subnets only. Neither
groups nor ACLs can stop questions to the VPC's own resolver.
https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.attachment import End, Ends, ends
from workers.cluster.aws import SecurityGroup
from workers.cluster.security_groups import Passage, allows, authorize, prefix_lists_of

SOURCE = "https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html"
TRANSPORTS = ("udp", "tcp")
PORT = 53
LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who asks whom over which interfaces, and the rules of their groups. prefix_lists: (id, ranges)."""

    ends: Ends
    groups: tuple[SecurityGroup, ...]
    prefix_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cluster_group: str = ""
    region: str = ""
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A pair between which a transport does not pass."""

    client: End
    server: End
    transport: str
    passage: Passage


def collect(cluster: Cluster) -> Facts:
    """Read interfaces, groups and prefix lists. Raises CannotRead, and DoesNotApply without CoreDNS pods."""
    aws, gaps = cluster.aws, Gaps()
    replicas = [p for p in cluster.coredns_pods() if p.running and p.addresses]
    if not replicas:
        raise DoesNotApply("no CoreDNS pod runs here")
    found = ends(cluster, replicas)
    wanted = {group for end in (*found.clients, *found.servers) for group in end.groups}
    groups = aws.security_groups(wanted)
    for name in sorted(wanted - {g.id for g in groups}):
        gaps.add(f"security group {name}", "AWS does not show it to this role", "IAM: allow ec2:DescribeSecurityGroups")
    lists = {name: gaps.of(lambda n=name: aws.prefix_list(n), None) for name in prefix_lists_of(groups)}  # type: ignore[misc]
    described = aws.cluster()
    return Facts(
        ends=found, groups=groups, prefix_lists=tuple((n, r) for n, r in lists.items() if r is not None),
        cluster_group=described.cluster_security_group, region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A finding for the pairs that UDP cannot pass, one for those that only TCP cannot; else the cause is excluded."""
    blocked, unknown = _judged(facts)
    deaf = {(b.client, b.server) for b in blocked if b.transport == "udp"}
    hard = [b for b in blocked if (b.client, b.server) in deaf]
    soft = [b for b in blocked if (b.client, b.server) not in deaf]
    if hard:
        yield _finding(facts, hard, "sg-blocks-53-between-nodes", Severity.CRITICAL)
    if soft:
        yield _finding(facts, soft, "tcp-53-blocked", Severity.WARNING)
    if not blocked and not unknown and not facts.ends.unknown:
        pairs = len(facts.ends.pairs)
        because = (
            f"the security groups let UDP and TCP 53 pass in all {pairs} pairs of a node and a CoreDNS pod elsewhere"
        )
        alone = "every node that was compared runs CoreDNS itself, and on one node no security group applies"
        yield Excluded(code="sg-blocks-53-between-nodes", because=because if pairs else alone)


def _judged(facts: Facts) -> tuple[list[Blocked], int]:
    """What is blocked, and how many pairs nobody can judge."""
    groups, lists = {g.id: g for g in facts.groups}, dict(facts.prefix_lists)
    blocked, unknown = [], 0
    for client, server in facts.ends.pairs:
        seen = {t: allows(client.side, server.side, t, PORT, groups, lists) for t in TRANSPORTS}
        unknown += any(passage.allowed is None for passage in seen.values())
        blocked += [
            Blocked(client=client, server=server, transport=t, passage=passage)
            for t, passage in seen.items()
            if passage.allowed is False
        ]
    return blocked, unknown


def _finding(facts: Facts, blocked: list[Blocked], code: str, severity: Severity) -> Finding:
    transports = tuple(t for t in TRANSPORTS if any(b.transport == t for b in blocked))
    named = " and ".join(t.upper() for t in transports)
    inward = [b for b in blocked if b.passage.ingress is False]
    guilty = _home(inward[0].server if inward else blocked[0].client, facts)
    nodes, every = {b.client.node for b in blocked}, {c.node for c in facts.ends.clients}
    sources = ", ".join(sorted({_home(b.client, facts) for b in blocked}))
    return Finding(
        code=code,
        severity=severity,
        summary=(
            f"Security group {_named(guilty, facts)} lets {named} 53 {'in' if inward else 'out'} for nobody who needs it: "
            f"{len(nodes)} of {len(every)} nodes cannot ask CoreDNS pods on other nodes by {named}"
        ),
        subject=guilty,
        evidence=_evidence(facts, blocked),
        fix=(
            f"Allow {named} port 53 between the groups of the nodes ({sources}) and those of CoreDNS, or give the nodes "
            f"the cluster security group {facts.cluster_group or 'of EKS'} again, which allows all traffic from itself."
        ),
        commands=_commands(facts, blocked),
        scope=Scope(transports=transports, pairs=tuple(dict.fromkeys((b.client.node, b.server.name) for b in blocked))),
    )


def _home(end: End, facts: Facts) -> str:
    """The group of an end to change: the cluster's own where it has that, else its first."""
    if facts.cluster_group in end.groups:
        return facts.cluster_group
    return end.groups[0] if end.groups else end.interface


def _named(group: str, facts: Facts) -> str:
    name = next((g.name for g in facts.groups if g.id == group), "")
    return f"{group} ({name})" if name else group


def _evidence(facts: Facts, blocked: list[Blocked]) -> tuple[str, ...]:
    seen = {end.name: end.line for b in blocked for end in (b.server, b.client)}
    held = {group for b in blocked for group in (*b.client.groups, *b.server.groups)}
    rules = [line for group in facts.groups if group.id in held for line in group.lines]
    lines = [*list(seen.values())[:LINES], *rules[: 2 * LINES]]
    return (*lines, f"cluster security group: {facts.cluster_group or 'not named by EKS'}")


def _commands(facts: Facts, blocked: list[Blocked]) -> tuple[str, ...]:
    made: dict[str, None] = {}
    for b in blocked:
        near, far = _home(b.client, facts), _home(b.server, facts)
        if b.passage.ingress is False:
            made[authorize(inward=True, group=far, other=near, transport=b.transport, region=facts.region)] = None
        if b.passage.egress is False:
            made[authorize(inward=False, group=near, other=far, transport=b.transport, region=facts.region)] = None
    return tuple(list(made)[:LINES])


def describe(facts: Facts) -> str:
    """How many pairs and groups were compared."""
    blocked, unknown = _judged(facts)
    pairs = len(facts.ends.pairs)
    good = pairs - len({(b.client, b.server) for b in blocked}) - unknown
    more = f", {unknown} not known" if unknown else ""
    more += f"; no interface found for {', '.join(facts.ends.unknown[:3])}" if facts.ends.unknown else ""
    more += f"; {facts.ends.left_out} more nodes not compared" if facts.ends.left_out else ""
    return f"{good} of {pairs} pairs of node and CoreDNS pod may pass UDP and TCP 53 ({len(facts.groups)} groups){more}"


CHECK = Check(
    name="security-groups",
    title="Security groups let every node ask every CoreDNS pod",
    stage=Stage.AWS_NETWORK,
    steps=("S08", "S44"),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
