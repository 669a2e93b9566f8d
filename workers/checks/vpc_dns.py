"""The VPC's own DNS is switched on.

`enableDnsSupport` is the switch of the VPC's resolver (the second address of the VPC's range, and 169.254.169.253). Switched
off, it answers nobody: CoreDNS, which forwards to it all that is not of the cluster, fails for every outside name, and names
of the cluster go on working. `enableDnsHostnames` is needed by private names of endpoints and of nodes; it does not stop
lookups of pods.

Read: the two attributes of the cluster's VPC, and which name servers the survey's probes saw outside names answered by.
Security groups and network ACLs cannot filter traffic to the VPC's resolver, so its silence is never theirs. A rate limit
(1024 packets a second per interface) answers some questions; a resolver that is switched off answers none.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Effect, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps
from workers.cluster.outward import RESOLVERS, Answered, kinds, seen_upstream, vpc_resolvers

SOURCE = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html"
LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The VPC's two attributes, None where AWS names none. resolvers: its resolver's addresses. upstream: who answered what."""

    vpc: str
    support: bool | None
    hostnames: bool | None
    resolvers: tuple[str, ...] = ()
    upstream: tuple[Answered, ...] = ()
    internal: str = ""
    asked: str = ""
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the VPC's attributes, and the survey where probes could run. Raises CannotRead."""
    aws, gaps = cluster.aws, Gaps()
    vpc = aws.cluster().vpc
    found = aws.vpc_dns(vpc)
    if found.support is None:
        gaps.add(f"enableDnsSupport of {vpc}", "AWS names no value")
    survey = None if found.support is not False else Gaps().of(cluster.survey, None)
    return Facts(
        vpc=vpc, support=found.support, hostnames=found.hostnames, resolvers=vpc_resolvers(found.cidrs),
        upstream=seen_upstream(survey), internal=cluster.entry.names_internal, asked=cluster.question.name,
        region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def diagnose(facts: Facts) -> Iterator[Observation]:
    """F57 where the resolver is off: a risk only, where other name servers answer in its place."""
    if facts.support is False:
        yield _off(facts)
    elif facts.support:
        yield Excluded(code="vpc-dns-support-off", because=f"enableDnsSupport of {facts.vpc} is true")
    if facts.hostnames is False and facts.support is not False:
        yield Finding(
            code="vpc-dns-support-off",
            severity=Severity.INFO,
            summary=f"enableDnsHostnames of {facts.vpc} is false: private names of VPC endpoints do not resolve in it",
            subject=facts.vpc,
            evidence=(f"DescribeVpcAttribute {facts.vpc}: enableDnsHostnames=false",),
            fix="Switch it on where private names of endpoints are wanted; lookups of pods do not need it.",
            commands=(_command(facts, "--enable-dns-hostnames"),),
        )


def _off(facts: Facts) -> Finding:
    others = {a.server for a in facts.upstream if a.server not in facts.resolvers and a.ok}
    lame = [a for a in facts.upstream if a.server in facts.resolvers]
    spared = bool(others) and not lame
    consequence = (
        f"nothing here asks it, since {', '.join(sorted(others))} answers for outside names"
        if spared
        else "it answers no question, and CoreDNS cannot resolve names outside of the cluster"
    )
    return Finding(
        code="vpc-dns-support-off",
        severity=Severity.INFO if spared else Severity.CRITICAL,
        summary=f"DNS is switched off in {facts.vpc} (enableDnsSupport is false): {consequence}",
        subject=facts.vpc,
        evidence=(
            f"DescribeVpcAttribute {facts.vpc}: enableDnsSupport=false, enableDnsHostnames={facts.hostnames}",
            f"resolver of the VPC: {', '.join(facts.resolvers) or 'unknown'}",
            *(a.line for a in lame[:LINES]),
        ),
        fix="Switch the VPC's DNS on again. It works within seconds; nothing needs a restart.",
        commands=(_command(facts, "--enable-dns-support"), _command(facts, "--enable-dns-hostnames"))
        if facts.hostnames is False
        else (_command(facts, "--enable-dns-support"),),
        scope=Scope(kinds=kinds(facts.asked, facts.internal), servers=_silenced(facts)),
    )


def _silenced(facts: Facts) -> tuple[str, ...]:
    """The name servers that give no address because of it; () where the VPC's range, and so its resolver, is not known.

    A server that answers, but only that it failed, may ask the VPC's resolver in its turn. One that is silent is dead itself.
    """
    if set(facts.resolvers) <= set(RESOLVERS):
        return ()
    found = {a.server for a in facts.upstream if a.ok}
    failed = [a.server for a in facts.upstream if a.effect is Effect.SERVFAIL and a.server not in found]
    return tuple(dict.fromkeys((*facts.resolvers, *failed)))


def _command(facts: Facts, option: str) -> str:
    region = f" --region {facts.region}" if facts.region else ""
    return f"aws ec2 modify-vpc-attribute{region} --vpc-id {facts.vpc} {option}"


def describe(facts: Facts) -> str:
    """The two attributes."""
    words = {True: "on", False: "off", None: "unknown"}
    return f"{facts.vpc}: DNS support {words[facts.support]}, DNS host names {words[facts.hostnames]}"


CHECK = Check(
    name="vpc-dns",
    title="The VPC's own DNS is switched on",
    stage=Stage.UPSTREAM,
    steps=("S18",),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
