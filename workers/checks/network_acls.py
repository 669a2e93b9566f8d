"""Network ACLs let questions to every CoreDNS pod pass, and the answers back, over UDP and TCP.

A network ACL belongs to a subnet and remembers nothing: of each lookup between two subnets the question must pass out of the
one and into the other at port 53, and the answer must pass back at the client's own port, which Linux takes from 32768 to
60999. The entries are tried in the order of their numbers and the first that matches decides, a deny before an allow too.

Read: the subnets of the interfaces of all ready nodes and CoreDNS pods, and the network ACLs of those subnets. Each node is
judged with each CoreDNS pod in another subnet. Where only a part of the client's ports is denied, some lookups fail by chance,
and a probe that is answered was lucky. What hits less than one question in a hundred is nothing that anybody notices.
It cannot tell which range of ports a system was set to use. Security groups fail between nodes of one subnet too; a network
ACL never does. Neither can stop questions to the VPC's own resolver.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps
from workers.cluster.attachment import End, Ends, ends
from workers.cluster.aws import NetworkAcl
from workers.cluster.crossings import PORT, Blocked, Crossings, judged, named, scope_of, share_of, transports_of
from workers.cluster.network_acls import CLIENT_PORTS, Denial, Point, denials
from workers.cluster.security_groups import holds

SOURCE = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html"
LINES = 12
NOTICED = 0.01
"""From this share of a client's ports on, applications miss what is denied, whatever a few probes met."""
Denials = tuple[Denial, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who asks whom from which subnet, the network ACLs of the subnets, and the subnets' ranges."""

    ends: Ends
    acls: tuple[NetworkAcl, ...]
    ranges: tuple[str, ...] = ()
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read interfaces and network ACLs. Raises CannotRead, and DoesNotApply without CoreDNS pods."""
    aws, gaps = cluster.aws, Gaps()
    found = ends(cluster)
    subnets = {end.subnet for end in (*found.clients, *found.servers) if end.subnet}
    acls = aws.network_acls(subnets)
    for subnet in sorted(subnets - {s for acl in acls for s in acl.subnets}):
        gaps.add(f"network ACL of {subnet}", "AWS does not show it to this role", "IAM: allow ec2:DescribeNetworkAcls")
    ranges = tuple(one.cidr for one in Gaps().of(lambda: aws.subnets(subnets), ()) if one.cidr)
    return Facts(ends=found, acls=acls, ranges=ranges, region=aws.region, gaps=gaps.seen())


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A finding for the pairs that UDP cannot pass, one for those that only TCP cannot; else the cause is excluded."""
    seen = _judged(facts)
    if seen.hard:
        yield _finding(facts, seen.hard, "nacl-blocks-53-or-return", Severity.CRITICAL)
    if seen.soft:
        yield _finding(facts, seen.soft, "tcp-53-blocked", Severity.WARNING)
    if not seen.blocked and not seen.unknown and not facts.ends.unknown:
        across = len(_across(facts))
        because = f"the network ACLs let questions and answers pass in all {across} pairs of a node and a CoreDNS pod elsewhere"
        alone = "all nodes and CoreDNS pods share their subnets, inside which no network ACL applies"
        yield Excluded(code="nacl-blocks-53-or-return", because=because if across else alone)


def _across(facts: Facts) -> list[tuple[End, End]]:
    return [(c, s) for c, s in facts.ends.pairs if c.subnet != s.subnet]


def _judged(facts: Facts) -> Crossings[Denials]:
    def judge(client: End, server: End, transport: str) -> tuple[bool | None, Denials]:
        near, far = (Point(subnet=e.subnet, address=e.address) for e in (client, server))
        found = denials(near, far, transport, PORT, facts.acls)
        return None if found is None else not found, found or ()

    return judged(_across(facts), judge)


def _finding(facts: Facts, blocked: Sequence[Blocked[Denials]], code: str, severity: Severity) -> Finding:
    every = [denial for b in blocked for denial in b.reason]
    partly = all(d.partly for d in every)
    share = max(_share(b.reason) for b in blocked) if partly else 1.0
    over = named(transports_of(blocked))
    subnets = ", ".join(sorted({d.subnet for d in every}))
    what = "answers" if all(d.way == "answer" for d in every) else "questions"
    whom, where = share_of(blocked, facts.ends.clients), "CoreDNS pods in other subnets"
    used = [acl for acl in facts.acls if acl.id in {d.acl for d in every}]
    return Finding(
        code=code,
        severity=severity if share >= NOTICED else Severity.INFO,
        summary=(
            f"Network ACL {every[0].acl} stops {_percent(share)} of the DNS answers over {over} at {subnets}, by the "
            f"ports that questions are sent from: {whom} lose answers of {where}"
            if partly
            else f"Network ACL {every[0].acl} stops DNS {what} over {over} at {subnets}: {whom} cannot use {where} by {over}"
        ),
        subject=every[0].acl,
        evidence=(*dict.fromkeys(d.line for d in every),)[:LINES]
        + tuple(line for acl in used for line in _lines(acl))[: 2 * LINES],
        fix=(
            "Network ACLs remember nothing: allow port 53 in and out between the subnets, and ports 1024 to 65535 for the "
            "answers, for UDP and TCP, with rule numbers below that of the rule that denies."
        ),
        commands=_commands(facts, every),
        scope=scope_of(blocked),
        by_chance=partly,
    )


def _share(denied: Denials) -> float:
    """The share of a client's ports at which answers are denied, where they are denied most."""
    lost: dict[tuple[str, bool], int] = {}
    for one in denied:
        key = (one.subnet, one.egress)
        lost[key] = lost.get(key, 0) + one.ports[1] - one.ports[0] + 1
    return max(lost.values(), default=0) / (CLIENT_PORTS[1] - CLIENT_PORTS[0] + 1)


def _percent(share: float) -> str:
    return f"about {share:.0%}".replace("%", " %") if share >= NOTICED else "a few"


def _lines(acl: NetworkAcl) -> Iterator[str]:
    for entry in acl.entries:
        ports = "all ports" if (entry.first, entry.last) == (0, 65535) else f"ports {entry.first}-{entry.last}"
        yield (
            f"{acl.id} {'outbound' if entry.egress else 'inbound'} {entry.number} "
            f"{'allow' if entry.allow else 'deny'} protocol {entry.protocol} {ports} {entry.cidr}"
        )


def _commands(facts: Facts, every: Sequence[Denial]) -> tuple[str, ...]:
    """One entry for each denial, with a free number before the entry that denies."""
    region = f" --region {facts.region}" if facts.region else ""
    taken = {(acl.id, e.egress): {x.number for x in acl.entries if x.egress is e.egress}
             for acl in facts.acls for e in acl.entries}  # fmt: skip
    made: dict[tuple[str, ...], str] = {}
    for denial in every:
        network = _network(facts, denial)
        key = (denial.acl, str(denial.egress), denial.transport, denial.way, network)
        if key in made:
            continue
        used = taken.setdefault((denial.acl, denial.egress), set())
        number = _free(used, denial.entry)
        if number is None:
            continue
        used.add(number)
        ports = "From=53,To=53" if denial.way == "question" else "From=1024,To=65535"
        made[key] = (
            f"aws ec2 create-network-acl-entry{region} --network-acl-id {denial.acl} "
            f"{'--egress' if denial.egress else '--ingress'} --rule-number {number} --protocol {denial.transport} "
            f"--port-range {ports} {_block(network)} --rule-action allow"
        )
    return tuple(made.values())[:LINES]


def _free(used: set[int], before: int) -> int | None:
    """A rule number that is free and tried before BEFORE; None where there is none."""
    return next((n for n in range(min(before, 32767) - 1, 0, -1) if n not in used), None)


def _network(facts: Facts, denial: Denial) -> str:
    """The range that the new entry is about: the subnet of the denied packet's other side, else its address alone."""
    other = denial.target if denial.egress else denial.source
    alone = f"{other}/128" if ":" in other else f"{other}/32"
    return next((cidr for cidr in facts.ranges if holds(cidr, other)), alone)


def _block(network: str) -> str:
    return f"--ipv6-cidr-block {network}" if ":" in network else f"--cidr-block {network}"


def describe(facts: Facts) -> str:
    """How many pairs and network ACLs were compared."""
    seen = _judged(facts)
    across = len(_across(facts))
    more = f", {seen.unknown} not known" if seen.unknown else ""
    return f"{seen.good} of {across} pairs in different subnets may ask and answer on 53 ({len(facts.acls)} network ACLs){more}"


CHECK = Check(
    name="network-acls",
    title="Network ACLs let DNS questions and answers pass",
    stage=Stage.AWS_NETWORK,
    steps=("S08", "S44"),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
