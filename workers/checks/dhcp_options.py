"""The name servers that the VPC hands to its nodes answer, and know AWS' own names.

CoreDNS forwards outside names to the name servers in its node's resolv.conf, and those come from the VPC's DHCP options.
The usual value is AmazonProvidedDNS. Servers of one's own are fine as long as they answer and pass on what only the VPC's
resolver knows: private zones, `amazonaws.com`, EKS' own names.

Read: the DHCP options of the cluster's VPC, the resolv.conf of a pod that has its node's, and what the survey's probes were
answered by those servers. Servers of one's own that answer are no fault. A change reaches a node when it renews its lease,
and a CoreDNS pod when it is made anew: so what is used may differ from what the options say, and both are shown.
It is told from a VPC whose DNS is switched off by the address that stays silent, and from a Corefile that names dead servers
by where the address stands. Unlike the VPC's own resolver, such servers can be cut off by security groups and network ACLs.
https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps, Survey, resolv_conf
from workers.cluster.aws import VpcDns
from workers.cluster.names import under
from workers.cluster.outward import Answered, kinds, seen_upstream, vpc_resolvers

SOURCE = "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html"
AMAZON = "AmazonProvidedDNS"
LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The VPC's DHCP options, the name servers that nodes use in truth, and what those answered.

    used: (node, name servers, search domains) of pods with their node's resolv.conf.
    """

    vpc: VpcDns
    used: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    upstream: tuple[Answered, ...] = ()
    internal: str = ""
    asked: str = ""
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the options and the survey. Raises CannotRead where the options cannot be read."""
    aws = cluster.aws
    vpc = aws.vpc_dns(aws.cluster().vpc)
    gaps = Gaps()
    # Without a survey, AmazonProvidedDNS alone still says that nothing is wrong with the options.
    noted = gaps if custom(vpc) else Gaps()
    survey = noted.of(cluster.survey, None)
    return Facts(
        vpc=vpc, used=_used(survey), upstream=seen_upstream(survey), internal=cluster.entry.names_internal,
        asked=cluster.question.name, region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def _used(survey: Survey | None) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    found = []
    for one in survey.resolv if survey else ():
        if one.policy == "Default":
            read = resolv_conf.parse(one.text)
            found.append((one.node, read.used, read.search))
    return tuple(found)


def custom(vpc: VpcDns) -> tuple[str, ...]:
    """The name servers of the options that are not the VPC's own resolver."""
    own = {AMAZON, *vpc_resolvers(vpc.cidrs)}
    return tuple(server for server in vpc.domain_name_servers if server not in own)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """F58 where a server in use that is not the VPC's own fails; INFO where own servers are named and work."""
    own = vpc_resolvers(facts.vpc.cidrs)
    named = custom(facts.vpc)
    foreign = dict.fromkeys(s for _, servers, _ in facts.used for s in servers if s not in own and not _local(s))
    failing = [s for s in foreign if _fails(facts, s)]
    if failing:
        yield _failing(facts, failing, tuple(foreign), named)
    elif named:
        yield _odd(facts, named, tuple(foreign))
    if not failing and not any(_denies(facts, s) for s in foreign) and _fine(facts, named):
        servers = ", ".join(facts.vpc.domain_name_servers) or "none of its own"
        yield Excluded(code="dhcp-options-custom-dns", because=_because(facts, servers, tuple(foreign)))


def _because(facts: Facts, servers: str, foreign: tuple[str, ...]) -> str:
    used = ", ".join(dict.fromkeys(s for _, found, _ in facts.used for s in found))
    told = f"the DHCP options {facts.vpc.dhcp_id or 'of the VPC'} name {servers}"
    more = f"; the nodes use {used}" if used else ""
    return told + more + (", which answers" if foreign else "")


def _local(server: str) -> bool:
    """Whether an address is the node's own: a cache of the node, not a server of the VPC's options."""
    return server.startswith("127.") or server in ("::1", "169.254.20.10")


def _fine(facts: Facts, named: tuple[str, ...]) -> bool:
    return not named or any(_answers(facts, s) for s in named)


def _denies(facts: Facts, server: str) -> bool:
    """Whether a server knows no address for the asked name: it need not know all that the VPC's resolver knows."""
    asked = [a for a in _of(facts, server) if a.kind is NameKind.ASKED]
    return bool(asked) and not any(a.ok for a in asked)


def _of(facts: Facts, server: str) -> list[Answered]:
    return [a for a in facts.upstream if a.server == server]


def _answers(facts: Facts, server: str) -> bool:
    return any(a.ok for a in _of(facts, server))


def _fails(facts: Facts, server: str) -> bool:
    """Whether a server answered no outside name: silent, failing or refusing, or not knowing a name that exists."""
    seen = _of(facts, server)
    bad = {Effect.SILENT, Effect.UNREACHABLE, Effect.SERVFAIL, Effect.REFUSED, Effect.FAILED, Effect.LOSSY}
    absent = {Effect.NXDOMAIN, Effect.NODATA}
    usual = [a for a in seen if a.kind is NameKind.EXTERNAL] or seen
    of_aws = [a for a in seen if a.kind is NameKind.ASKED and under(a.name, "amazonaws.com")]
    return any(group and all(a.effect in bad | absent for a in group) for group in (usual, of_aws))


def _failing(facts: Facts, failing: list[str], foreign: tuple[str, ...], named: tuple[str, ...]) -> Finding:
    options = facts.vpc.dhcp_id or "the DHCP options"
    listed = [s for s in failing if s in named]
    where = (
        f"{options} of {facts.vpc.vpc} hand out"
        if listed
        else f"nodes still use (though {options} now name {', '.join(facts.vpc.domain_name_servers) or 'nothing'})"
    )
    alone = len(failing) == len(foreign) and all(set(s) <= set(failing) for _, s, _ in facts.used)
    seen = [a for s in failing for a in _of(facts, s)]
    kinds_of = ", ".join(sorted({a.effect.value for a in seen}))
    return Finding(
        code="dhcp-options-custom-dns",
        severity=Severity.CRITICAL if alone else Severity.WARNING,
        summary=f"The name servers {', '.join(failing)} that {where} give no outside name an address ({kinds_of})",
        subject=facts.vpc.dhcp_id or facts.vpc.vpc,
        evidence=(
            (
                f"DescribeDhcpOptions {facts.vpc.dhcp_id}: domain-name-servers {', '.join(facts.vpc.domain_name_servers)}; "
                f"domain-name {facts.vpc.domain_name}"
            ),
            *(f"resolv.conf of {node}: nameserver {' '.join(servers)}" for node, servers, _ in facts.used[:LINES]),
            *(a.line for a in seen[:LINES]),
        ),
        fix=(
            "Let the VPC hand out AmazonProvidedDNS, and send only the company's own zones to its servers by Route 53 "
            "Resolver rules; or repair those servers and the way to them. Nodes take the new value when they renew their "
            "lease (or are replaced), CoreDNS pods when they are restarted."
        ),
        commands=_commands(facts, switch=bool(listed)),
        confidence=Confidence.HIGH if listed else Confidence.MEDIUM,
        scope=Scope(kinds=kinds(facts.asked, facts.internal), servers=tuple(failing)),
    )


def _odd(facts: Facts, named: tuple[str, ...], foreign: tuple[str, ...]) -> Finding:
    if any(_answers(facts, s) for s in named):
        state = "they answer"
    elif facts.used and not set(named) & set(foreign):
        state = "no node that was looked from uses them yet"
    else:
        state = "whether they answer could not be seen"
    return Finding(
        code="dhcp-options-custom-dns",
        severity=Severity.INFO,
        summary=f"The VPC hands out name servers of its own, {', '.join(named)}: {state}",
        subject=facts.vpc.dhcp_id,
        evidence=(f"DescribeDhcpOptions {facts.vpc.dhcp_id}: domain-name-servers {', '.join(named)}",),
        fix="Nothing, as long as they pass on the names of AWS and of private zones. AmazonProvidedDNS does so by itself.",
        scope=Scope(servers=foreign),
    )


def _commands(facts: Facts, *, switch: bool) -> tuple[str, ...]:
    region = f" --region {facts.region}" if facts.region else ""
    domain = facts.vpc.domain_name or (
        "ec2.internal" if facts.region == "us-east-1" else f"{facts.region}.compute.internal"
    )
    made = (
        (
            f"options=$(aws ec2 create-dhcp-options{region} --dhcp-configurations 'Key=domain-name-servers,Values={AMAZON}' "
            f"{shlex.quote(f'Key=domain-name,Values={domain}')} --query DhcpOptions.DhcpOptionsId --output text)"
        ),
        f'aws ec2 associate-dhcp-options{region} --vpc-id {facts.vpc.vpc} --dhcp-options-id "$options"',
    )
    restart = "kubectl -n kube-system rollout restart deployment/coredns"
    return (*made, restart) if switch else (restart,)


def describe(facts: Facts) -> str:
    """What the options name, and what is used."""
    used = ", ".join(dict.fromkeys(s for _, servers, _ in facts.used for s in servers)) or "unknown"
    named = ", ".join(facts.vpc.domain_name_servers) or "none"
    return f"{facts.vpc.dhcp_id or facts.vpc.vpc} names {named}; in use: {used}"


CHECK = Check(
    name="dhcp-options",
    title="The name servers that the VPC hands out answer",
    stage=Stage.UPSTREAM,
    steps=("S25",),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
