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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps
from workers.cluster.attachment import End, Ends, ends
from workers.cluster.aws import SecurityGroup
from workers.cluster.crossings import Blocked, Crossings, judged_by_groups, named, scope_of, share_of, transports_of
from workers.cluster.security_groups import Passage, authorize, read_prefix_lists

SOURCE = "https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html"
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


def collect(cluster: Cluster) -> Facts:
    """Read interfaces, groups and prefix lists. Raises CannotRead, and DoesNotApply without CoreDNS pods."""
    aws, gaps = cluster.aws, Gaps()
    found = ends(cluster)
    wanted = {group for end in (*found.clients, *found.servers) for group in end.groups}
    groups = aws.security_groups(wanted)
    for name in sorted(wanted - {g.id for g in groups}):
        gaps.add(f"security group {name}", "AWS does not show it to this role", "IAM: allow ec2:DescribeSecurityGroups")
    return Facts(
        ends=found, groups=groups, prefix_lists=read_prefix_lists(aws, groups, gaps),
        cluster_group=aws.cluster().cluster_security_group, region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A finding for the pairs that UDP cannot pass, one for those that only TCP cannot; else the cause is excluded."""
    seen = _judged(facts)
    if seen.hard:
        yield _finding(facts, seen.hard, "sg-blocks-53-between-nodes", Severity.CRITICAL)
    if seen.soft:
        yield _finding(facts, seen.soft, "tcp-53-blocked", Severity.WARNING)
    if not seen.blocked and not seen.unknown and not facts.ends.unknown:
        pairs = len(facts.ends.pairs)
        because = (
            f"the security groups let UDP and TCP 53 pass in all {pairs} pairs of a node and a CoreDNS pod elsewhere"
        )
        alone = "every node that was compared runs CoreDNS itself, and on one node no security group applies"
        yield Excluded(code="sg-blocks-53-between-nodes", because=because if pairs else alone)


def _judged(facts: Facts) -> Crossings[Passage]:
    return judged_by_groups(facts.ends.pairs, facts.groups, facts.prefix_lists)


def _finding(facts: Facts, blocked: Sequence[Blocked[Passage]], code: str, severity: Severity) -> Finding:
    over = named(transports_of(blocked))
    inward = [b for b in blocked if b.reason.ingress is False]
    guilty = _home(inward[0].server if inward else blocked[0].client, facts)
    sources = ", ".join(sorted({_home(b.client, facts) for b in blocked}))
    return Finding(
        code=code,
        severity=severity,
        summary=(
            f"Security group {_named(guilty, facts)} lets {over} 53 {'in' if inward else 'out'} for nobody who needs it: "
            f"{share_of(blocked, facts.ends.clients)} cannot ask CoreDNS pods on other nodes by {over}"
        ),
        subject=guilty,
        evidence=_evidence(facts, blocked),
        fix=(
            f"Allow {over} port 53 between the groups of the nodes ({sources}) and those of CoreDNS, or give the nodes "
            f"the cluster security group {facts.cluster_group or 'of EKS'} again, which allows all traffic from itself."
        ),
        commands=_commands(facts, blocked),
        scope=scope_of(blocked),
    )


def _home(end: End, facts: Facts) -> str:
    """The group of an end to change: the cluster's own where it has that, else its first."""
    if facts.cluster_group in end.groups:
        return facts.cluster_group
    return end.groups[0] if end.groups else end.interface


def _named(group: str, facts: Facts) -> str:
    name = next((g.name for g in facts.groups if g.id == group), "")
    return f"{group} ({name})" if name else group


def _evidence(facts: Facts, blocked: Sequence[Blocked[Passage]]) -> tuple[str, ...]:
    seen = {end.name: end.line for b in blocked for end in (b.server, b.client)}
    held = {group for b in blocked for group in (*b.client.groups, *b.server.groups)}
    rules = [line for group in facts.groups if group.id in held for line in group.lines]
    lines = [*list(seen.values())[:LINES], *rules[: 2 * LINES]]
    return (*lines, f"cluster security group: {facts.cluster_group or 'not named by EKS'}")


def _commands(facts: Facts, blocked: Sequence[Blocked[Passage]]) -> tuple[str, ...]:
    made: dict[str, None] = {}
    for b in blocked:
        near, far = _home(b.client, facts), _home(b.server, facts)
        if b.reason.ingress is False:
            made[authorize(inward=True, group=far, other=near, transport=b.transport, region=facts.region)] = None
        if b.reason.egress is False:
            made[authorize(inward=False, group=near, other=far, transport=b.transport, region=facts.region)] = None
    return tuple(list(made)[:LINES])


def describe(facts: Facts) -> str:
    """How many pairs and groups were compared."""
    seen = _judged(facts)
    pairs = len(facts.ends.pairs)
    more = f", {seen.unknown} not known" if seen.unknown else ""
    more += f"; no interface found for {', '.join(facts.ends.unknown[:3])}" if facts.ends.unknown else ""
    more += f"; {facts.ends.left_out} more nodes not compared" if facts.ends.left_out else ""
    return f"{seen.good} of {pairs} pairs of node and CoreDNS pod may pass UDP and TCP 53 ({len(facts.groups)} groups){more}"


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
