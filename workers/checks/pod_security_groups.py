"""Pods with security groups of their own can reach CoreDNS on port 53.

A SecurityGroupPolicy gives pods a branch network interface with its own groups, in place of their node's. Those must let UDP
and TCP 53 out to CoreDNS, and CoreDNS' groups must let them in, on the same node too in mode `strict`. In mode `strict`
NodeLocal DNSCache cannot be reached by such pods at all.

Read: pods in the applications' namespaces (and the one asked about) with the annotation `vpc.amazonaws.com/pod-eni`, their
branch interfaces and groups, those of the CoreDNS pods, the mode of the VPC CNI and the SecurityGroupPolicies.
It cannot see pods in other namespaces. Only such pods fail, wherever they run; other pods beside them resolve. A network
policy also fails by pod, but there the groups allow.
https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from contract.model import Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.app_pods import app_pods, owner_of
from workers.cluster.attachment import End, Held, addressed, end_of
from workers.cluster.aws import SecurityGroup
from workers.cluster.crossings import Blocked, Crossings, judged_by_groups, named, transports_of
from workers.cluster.objects import Pod
from workers.cluster.security_groups import Passage, authorize, read_prefix_lists

SOURCE = "https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html"
ANNOTATION = "vpc.amazonaws.com/pod-eni"
LINES = 8
MAX_PODS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A pod with a branch interface of its own. workload: what owns it."""

    end: End
    workload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The pods with branch interfaces, the CoreDNS pods, and the groups of both. mode: of the VPC CNI.

    policies: (NAMESPACE/NAME of a SecurityGroupPolicy, its groups).
    """

    branches: tuple[Branch, ...]
    servers: tuple[End, ...]
    groups: tuple[SecurityGroup, ...]
    prefix_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    policies: tuple[tuple[str, tuple[str, ...]], ...] = ()
    mode: str = ""
    node_local: bool = False
    cluster_group: str = ""
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read pods, interfaces and groups. Raises CannotRead, and DoesNotApply where no pod has groups of its own."""
    aws, gaps = cluster.aws, Gaps()
    pods = [p for p in app_pods(cluster, gaps) if p.running and ANNOTATION in p.metadata.annotations]
    policies = gaps.of(lambda: cluster.custom("vpcresources.k8s.aws", "v1beta1", "securitygrouppolicies"), None) or ()
    if not pods:
        gaps.check()
        raise DoesNotApply(f"no pod has a security group of its own ({len(policies)} SecurityGroupPolicies)")
    replicas = addressed(cluster)
    nodes = [n for n in cluster.nodes() if n.name in {p.spec.node_name for p in replicas}]
    branch_ids = {p.key: _branches(p) for p in pods[:MAX_PODS]}
    addresses = [a for p in pods[:MAX_PODS] for a in p.addresses]
    held = Held(aws, nodes, [*addresses, *(p.addresses[0] for p in replicas)])
    branches = [
        Branch(end=e, workload=owner_of(p)) for p in pods[:MAX_PODS] if (e := _end(p, p.key, held, branch_ids[p.key]))
    ]
    if lost := len(pods[:MAX_PODS]) - len(branches):
        gaps.add("network interfaces of pods", f"AWS shows none for {lost} of {len(pods)} pods with a branch interface")
    servers = [e for p in replicas if (e := _end(p, f"pod/{p.name}", held, ()))]
    groups = aws.security_groups(g for e in (*(b.end for b in branches), *servers) for g in e.groups)
    return Facts(
        branches=tuple(branches), servers=tuple(servers), groups=groups,
        prefix_lists=read_prefix_lists(aws, groups, gaps),
        policies=tuple((f"{p.namespace}/{p.name}", _groups_of(p.spec)) for p in policies),
        mode=gaps.of(lambda: _mode(cluster), ""),
        node_local=gaps.of(lambda: cluster.daemon_set("kube-system", "node-local-dns"), None) is not None,
        cluster_group=aws.cluster().cluster_security_group, region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def _branches(pod: Pod) -> tuple[str, ...]:
    """The ids of the branch interfaces that the annotation names; none where it is not what it should be."""
    try:
        found = msgspec.json.decode(pod.metadata.annotations[ANNOTATION])
    except msgspec.DecodeError:
        return ()
    entries = found if isinstance(found, list) else []
    return tuple(str(e.get("eniId") or "") for e in entries if isinstance(e, dict))


def _end(pod: Pod, name: str, held: Held, branches: tuple[str, ...]) -> End | None:
    for address in pod.addresses:
        one = held.of(address)
        if one is not None and (not branches or one.id in branches):
            return end_of(name, pod.spec.node_name, address, one)
    return None


def _groups_of(spec: dict[str, object]) -> tuple[str, ...]:
    groups = spec.get("securityGroups")
    listed = groups.get("groupIds") if isinstance(groups, dict) else None
    return tuple(str(one) for one in listed) if isinstance(listed, list) else ()


def _mode(cluster: Cluster) -> str:
    found = cluster.daemon_set("kube-system", "aws-node")
    containers = found.spec.template.spec.containers if found else ()
    return next((e.value for c in containers for e in c.env if e.name == "POD_SECURITY_GROUP_ENFORCING_MODE"), "strict")


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A finding for each workload whose pods cannot ask CoreDNS; else the cause is excluded with its figures."""
    seen = _judged(facts)
    workloads = {branch.end: branch.workload for branch in facts.branches}
    for workload in dict.fromkeys(workloads[b.client] for b in seen.blocked):
        yield _finding(facts, workload, [b for b in seen.blocked if workloads[b.client] == workload])
    if facts.branches and facts.mode == "strict" and facts.node_local:
        yield _cache(facts)
    elif not seen.blocked and not seen.unknown and facts.branches and facts.servers:
        yield Excluded(
            code="sg-for-pods-53",
            because=f"the groups of all {len(facts.branches)} pods with a branch interface let UDP and TCP 53 to CoreDNS",
        )


def _judged(facts: Facts) -> Crossings[Passage]:
    """Each pod with each CoreDNS pod; in mode `standard` the groups do not hold on one node."""
    beside = facts.mode != "standard"
    clients = [branch.end for branch in facts.branches]
    return judged_by_groups(
        [(client, server) for client in clients for server in facts.servers if beside or client.node != server.node],
        facts.groups, facts.prefix_lists,
    )  # fmt: skip


def _finding(facts: Facts, workload: str, blocked: Sequence[Blocked[Passage]]) -> Finding:
    transports = transports_of(blocked)
    pods = tuple(dict.fromkeys(b.client.name for b in blocked))
    outward = [b for b in blocked if b.reason.egress is False]
    own = blocked[0].client.groups
    far = blocked[0].server.groups
    over = named(transports)
    reason = (
        f"their own security group {', '.join(own)} lets no {over} 53 out to CoreDNS"
        if outward
        else f"CoreDNS' security group {', '.join(far)} lets no {over} 53 in from {', '.join(own)}"
    )
    tcp_alone = transports == ("tcp",)
    held = {g for b in blocked for g in (*b.client.groups, *b.server.groups)}
    return Finding(
        code="tcp-53-blocked" if tcp_alone else "sg-for-pods-53",
        severity=Severity.WARNING,
        summary=f"{len(pods)} pods of {workload} cannot ask CoreDNS by {over}: {reason}",
        subject=workload,
        evidence=(
            *list(dict.fromkeys(e.line for b in blocked for e in b.pair))[:LINES],
            *(line for g in facts.groups if g.id in held for line in g.lines),
            *(f"SecurityGroupPolicy {key}: {', '.join(ids)}" for key, ids in facts.policies if set(ids) & set(own)),
            f"POD_SECURITY_GROUP_ENFORCING_MODE={facts.mode}",
        ),
        fix="Allow UDP and TCP 53 from the pods' security group to that of CoreDNS, out of the one and into the other.",
        commands=_commands(facts, blocked),
        scope=Scope(transports=transports, pods=pods),
    )


def _commands(facts: Facts, blocked: Sequence[Blocked[Passage]]) -> tuple[str, ...]:
    made: dict[str, None] = {}
    for b in blocked:
        own = next(iter(b.client.groups), "")
        far = facts.cluster_group if facts.cluster_group in b.server.groups else next(iter(b.server.groups), "")
        if b.reason.egress is False:
            made[authorize(inward=False, group=own, other=far, transport=b.transport, region=facts.region)] = None
        if b.reason.ingress is False:
            made[authorize(inward=True, group=far, other=own, transport=b.transport, region=facts.region)] = None
    return tuple(list(made)[:LINES])


def _cache(facts: Facts) -> Finding:
    return Finding(
        code="sg-for-pods-53",
        severity=Severity.WARNING,
        summary=(
            f"{len(facts.branches)} pods have security groups of their own in mode strict, in which NodeLocal DNSCache "
            "cannot be reached"
        ),
        subject="DaemonSet kube-system/aws-node",
        evidence=("POD_SECURITY_GROUP_ENFORCING_MODE=strict", "DaemonSet kube-system/node-local-dns exists"),
        fix="Set the mode to standard (VPC CNI 1.11 or newer) and make the pods anew.",
        commands=("kubectl -n kube-system set env daemonset/aws-node POD_SECURITY_GROUP_ENFORCING_MODE=standard",),
        scope=Scope(pods=tuple(b.end.name for b in facts.branches)),
    )


def describe(facts: Facts) -> str:
    """How many pods have groups of their own, and how many of them may ask."""
    deaf = len({b.client.name for b in _judged(facts).blocked})
    mode = f", mode {facts.mode}" if facts.mode else ""
    return f"{len(facts.branches) - deaf} of {len(facts.branches)} pods with a branch interface may ask CoreDNS{mode}"


CHECK = Check(
    name="pod-security-groups",
    title="Pods with security groups of their own can ask CoreDNS",
    stage=Stage.POLICY,
    steps=("S08",),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
