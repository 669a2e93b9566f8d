"""No Resolver rule and no DNS Firewall rule of the VPC keeps an asked name from its answer.

A FORWARD rule sends a domain (even `.`, all of them) through an outbound endpoint to name servers of one's own. Where those,
the endpoint, or the endpoint's security group fail, every name of the domain gets SERVFAIL or nothing, and other names work.
DNS Firewall may answer in place of the real source: with no data, NXDOMAIN, or a name of its owner's choice.

Read: the rules associated with the VPC, their endpoints and those endpoints' security groups, the DNS Firewall rules in the
order in which they are tried (where a name does not plainly resolve, or somebody asked about one), and the survey's answers.
It cannot ask a rule's targets, which only the endpoint reaches, nor see other accounts' endpoints, nor what is on AWS' own
domain lists: a rule is blamed where the answers agree with it. A Corefile plugin that answers in place of the real source
says `aa` (authoritative); the VPC's resolver does not. A dead stub domain of the Corefile fails in CoreDNS alone.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps
from workers.cluster.aws import FirewallRule, ResolverEndpoint, ResolverRule
from workers.cluster.names import under
from workers.cluster.outward import Answered, outside_names, seen_through_coredns, seen_upstream
from workers.cluster.resolver import first_match, unreachable_targets, winning

SOURCE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network.html"
CODE = "resolver-rule-or-dns-firewall"
BROKEN = ("ACTION_NEEDED", "DELETING")
LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The rules that are associated here, their endpoints, DNS Firewall, the outside names, and what was answered for them.

    closed: (endpoint, targets that its security groups do not let it ask). zones: names of the VPC's private zones.
    """

    vpc: str
    names: tuple[str, ...]
    rules: tuple[ResolverRule, ...] = ()
    endpoints: tuple[ResolverEndpoint, ...] = ()
    closed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    zones: tuple[str, ...] = ()
    firewall: tuple[FirewallRule, ...] = ()
    firewall_read: bool = False
    answers: tuple[Answered, ...] = ()
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read rules, endpoints, DNS Firewall and the survey. Raises CannotRead where the rules cannot be read."""
    aws, gaps, entry = cluster.aws, Gaps(), cluster.entry
    vpc = aws.cluster().vpc
    names = outside_names(entry.names_external, cluster.question.name, entry.names_internal)
    rules = tuple(rule for rule in aws.resolver_rules(vpc) if rule.kind != "RECURSIVE")
    used = {rule.endpoint for rule in rules if rule.endpoint}
    endpoints = tuple(e for e in (gaps.of(aws.resolver_endpoints, ()) if used else ()) if e.id in used)
    groups = gaps.of(lambda: aws.security_groups(g for e in endpoints for g in e.groups), ())
    survey = gaps.of(cluster.survey, None)
    answers = tuple(a for a in (*seen_upstream(survey), *seen_through_coredns(survey)) if a.name in names)
    look = bool(names) and _firewall_matters(answers, asked=names[0] if len(names) > 1 else "")
    return Facts(
        vpc=vpc, names=names, rules=rules, endpoints=endpoints,
        closed=tuple(unreachable_targets(rules, endpoints, groups)),
        zones=tuple(z.name for z in gaps.of(lambda: aws.private_zones(vpc), ())) if rules else (),
        firewall=gaps.of(lambda: aws.firewall_rules(vpc), ()) if look else (), firewall_read=look,
        answers=answers, region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def _firewall_matters(answers: tuple[Answered, ...], *, asked: str) -> bool:
    """Whether DNS Firewall could have made an answer: it denies a name or gives another, and is never silent."""
    denied = any(a.effect in (Effect.NXDOMAIN, Effect.NODATA) for a in answers)
    return not answers or denied or any(a.ok and a.name == asked for a in answers)


def _of(answers: tuple[Answered, ...], name: str) -> list[Answered]:
    """The answers for a name of the upstream itself, else those that CoreDNS passed on."""
    seen = [a for a in answers if a.name == name]
    return [a for a in seen if a.path == "upstream"] or [a for a in seen if not a.authoritative]


def _bad(answers: tuple[Answered, ...], name: str) -> list[Answered]:
    return [a for a in _of(answers, name) if not a.ok]


def diagnose(facts: Facts) -> Iterator[Observation]:
    """F60 for what the answers agree with; a broken endpoint by itself; else the cause is excluded for what resolves."""
    found = [*_endpoints(facts)]
    told = {zone for one in found for zone in one.scope.zones}
    for name in facts.names:
        rule = winning(name, facts.rules, facts.zones)
        if rule is not None and rule.domain not in told:
            found += _forwarded(facts, name, rule)
        found += _blocked(facts, name)
    yield from found
    if not any(f.severity is not Severity.INFO for f in found) and not facts.gaps:
        fine = [n for n in facts.names if _of(facts.answers, n) and not _bad(facts.answers, n)]
        if fine == list(facts.names):
            yield Excluded(code=CODE, because=f"{', '.join(fine)} resolves past {len(facts.rules)} Resolver rules here")
        elif not facts.rules and not facts.firewall:
            why = "there is no DNS Firewall rule" if facts.firewall_read else "DNS Firewall never stays silent"
            yield Excluded(code=CODE, because=f"{facts.vpc} has no Resolver rule, and {why}")


def _endpoints(facts: Facts) -> Iterator[Finding]:
    """Rules whose endpoint cannot work as it stands."""
    closed = dict(facts.closed)
    for endpoint in facts.endpoints:
        rules = [rule for rule in facts.rules if rule.endpoint == endpoint.id and rule.kind == "FORWARD"]
        shut = closed.get(endpoint.id, ())
        if not rules or (endpoint.status not in BROKEN and not shut):
            continue
        if any(
            _of(facts.answers, n) and not _bad(facts.answers, n)
            for r in rules
            for n in facts.names
            if under(n, r.domain)
        ):
            continue
        why = (
            f"its security groups {', '.join(endpoint.groups)} let no question out to {', '.join(shut)}"
            if shut
            else f"it is {endpoint.status}"
        )
        domains = tuple(rule.domain for rule in rules)
        region = f" --region {facts.region}" if facts.region else ""
        yield Finding(
            code=CODE,
            severity=Severity.CRITICAL if "" in domains else Severity.WARNING,
            summary=f"Resolver endpoint {endpoint.name or endpoint.id}, through which {_shown(domains)} goes, fails: {why}",
            subject=endpoint.id,
            evidence=(f"ListResolverEndpoints: {endpoint.id} {endpoint.status}", *(_line(rule) for rule in rules)),
            fix="Allow UDP and TCP 53 out of the endpoint's security group to the targets."
            if shut
            else "Repair the endpoint.",
            commands=(f"aws route53resolver get-resolver-endpoint{region} --resolver-endpoint-id {endpoint.id}",),
            scope=Scope(zones=() if "" in domains else domains),
        )


def _shown(domains: tuple[str, ...]) -> str:
    return ", ".join(domain or ". (every name)" for domain in domains)


def _forwarded(facts: Facts, name: str, rule: ResolverRule) -> Iterator[Finding]:
    """A rule that takes the name, whose targets' answer is a failure or a denial."""
    bad = _bad(facts.answers, name)
    others = [n for n in facts.names if n != name and not under(n, rule.domain)]
    others_fail = any(_bad(facts.answers, n) for n in others)
    failing = [a for a in bad if a.dead]
    if not bad or any(a.ok for a in _of(facts.answers, name)):
        return
    came = ", ".join(sorted({a.effect.value for a in bad}))
    targets = ", ".join(rule.targets) or "its targets"
    region = f" --region {facts.region}" if facts.region else ""
    yield Finding(
        code=CODE,
        severity=(Severity.CRITICAL if not rule.domain else Severity.WARNING) if failing else Severity.INFO,
        summary=f"The Resolver rule {rule.name or rule.id} sends {_shown((rule.domain,))} to {targets}: {name} gets {came}",
        subject=f"Resolver rule {rule.id} ({rule.name})",
        evidence=(_line(rule), *(a.line for a in bad[:LINES])),
        fix=(
            f"See whether {targets} answers and is reachable from the endpoint {rule.endpoint or 'of the rule'}; "
            "name the right servers in the rule, or take the rule away from this VPC."
        ),
        commands=(
            f"aws route53resolver get-resolver-rule{region} --resolver-rule-id {rule.id}",
            f"aws route53resolver disassociate-resolver-rule{region} --vpc-id {facts.vpc} --resolver-rule-id {rule.id}",
        ),
        # Where names that the rule does not take fail too, something else may keep them all from an answer.
        confidence=Confidence.LOW if others_fail else Confidence.HIGH if failing else Confidence.MEDIUM,
        scope=_scope(rule.domain),
    )  # fmt: skip


def _scope(domain: str) -> Scope:
    return Scope(zones=(domain,)) if domain else Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED))


def _line(rule: ResolverRule) -> str:
    return (
        f"ListResolverRules: {rule.id} ({rule.name}) {rule.kind} {rule.domain or '.'} -> {', '.join(rule.targets)} "
        f"through {rule.endpoint or 'no endpoint'}, {rule.status}"
    )


def _blocked(facts: Facts, name: str) -> Iterator[Finding]:
    """A DNS Firewall rule that blocks the name, where the answer that came is the one that it gives."""
    rule = first_match(name, facts.firewall)
    if rule is None or rule.action != "BLOCK":
        return
    seen = _of(facts.answers, name)
    # What an OVERRIDE leads to need not have an address.
    known = {"NODATA": (Effect.NODATA,), "NXDOMAIN": (Effect.NXDOMAIN,), "OVERRIDE": (Effect.OK, Effect.NODATA)}
    expected = known.get(rule.answer, ())
    agree = [
        a for a in seen if a.effect in expected and (rule.answer != "OVERRIDE" or under(a.canonical, rule.override))
    ]
    if not agree:
        return
    external = any(a.kind is NameKind.EXTERNAL for a in agree)
    region = f" --region {facts.region}" if facts.region else ""
    answer = f"{rule.answer} {rule.override}".strip()
    yield Finding(
        code=CODE,
        severity=Severity.CRITICAL if external else Severity.WARNING,
        summary=f"DNS Firewall rule {rule.name or rule.group} blocks {name} and answers {answer} in its place",
        subject=f"DNS Firewall rule group {rule.group}, list {rule.listed}",
        evidence=(
            (
                f"ListFirewallRules {rule.group}: {rule.name} priority {rule.priority} {rule.action} {answer}, "
                f"list {rule.listed} holds {', '.join(rule.domains[:LINES])}"
            ),
            *(a.line for a in agree[:LINES]),
        ),
        fix=f"If {name} is wanted, allow it by a rule with a lower priority number, or take it off the list.",
        commands=(f"aws route53resolver list-firewall-domains{region} --firewall-domain-list-id {rule.listed}",),
        scope=Scope(zones=() if external else (name,), kinds=(NameKind.EXTERNAL, NameKind.ASKED) if external else ()),
    )


def describe(facts: Facts) -> str:
    """How many rules there are, and whether one takes a name."""
    taken = [f"{n} goes by {r.name or r.id}" for n in facts.names if (r := winning(n, facts.rules, facts.zones))]
    firewall = f"{len(facts.firewall)} DNS Firewall rules" if facts.firewall_read else "DNS Firewall not looked at"
    return (
        f"{len(facts.rules)} Resolver rules, {firewall}; {'; '.join(taken) or 'none takes ' + ' or '.join(facts.names)}"
    )


CHECK = Check(
    name="resolver-rules",
    title="No Resolver rule or DNS Firewall rule stands in a name's way",
    stage=Stage.UPSTREAM,
    steps=("S18",),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
