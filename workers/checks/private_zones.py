"""The private zone that an asked name belongs to is associated with this VPC, and has the record.

A private hosted zone answers only in the VPCs that it is associated with. Where it is not, its names do not exist there. And
where it is, it alone answers: a name under it without a record gets NXDOMAIN, even if the public zone of the same name has
one (split horizon). Of several zones that hold a name, the longest counts.

Read: the private zones of the cluster's VPC, the records at the name (wildcards too), and, if the name gets no address, the
zones of the region's other VPCs. The names are the one that somebody asked about and the usual outside one.
It cannot see the records of other accounts' zones nor of those that AWS services own, nor VPCs of other regions. A Resolver
rule for the same or a longer domain takes the name away from the zone; a name that nobody has anywhere is simply absent.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from contract.model import Effect, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, Gap, Gaps, Why
from workers.cluster.aws import Record, Zone
from workers.cluster.names import under
from workers.cluster.outward import Answered, outside_names, seen_through_coredns, seen_upstream

SOURCE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html"
ADDRESS = ("A", "AAAA", "CNAME")
LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A zone that holds a name, and its records there; readable: whether this role may read them."""

    name: str
    zone: Zone
    records: tuple[Record, ...] = ()
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The names, the longest zones that hold them (here and elsewhere), and what was answered for them.

    forwarded: names that a Resolver rule takes away from every zone. complete: whether other VPCs could be searched.
    """

    vpc: str
    names: tuple[str, ...]
    here: tuple[Holder, ...] = ()
    elsewhere: tuple[Holder, ...] = ()
    forwarded: tuple[str, ...] = ()
    answers: tuple[Answered, ...] = ()
    zones: int = 0
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read zones, records and the survey. Raises CannotRead where the VPC's zones cannot be read."""
    aws, gaps, entry = cluster.aws, Gaps(), cluster.entry
    vpc = aws.cluster().vpc
    names = outside_names(entry.names_external, cluster.question.name, entry.names_internal)
    zones = aws.private_zones(vpc)
    survey = gaps.of(cluster.survey, None)
    answers = (*seen_upstream(survey), *seen_through_coredns(survey))
    here = [h for name in names if (h := _holder(cluster, gaps, name, zones))]
    lost = [n for n in names if fails(answers, n) and n not in {h.name for h in here}]
    others = gaps.of(lambda: aws.zones_elsewhere(vpc), ()) if lost else ()
    rules = gaps.of(lambda: aws.resolver_rules(vpc), ()) if here else ()
    forwarded = [
        h.name
        for h in here
        for rule in rules
        if rule.kind == "FORWARD" and under(h.name, rule.domain) and len(rule.domain) >= len(h.zone.name)
    ]
    return Facts(
        vpc=vpc, names=names, here=tuple(here),
        elsewhere=tuple(h for name in lost if (h := _holder(cluster, gaps, name, others))),
        forwarded=tuple(dict.fromkeys(forwarded)), answers=tuple(a for a in answers if a.name in names), zones=len(zones),
        region=aws.region, gaps=gaps.seen(),
    )  # fmt: skip


def _holder(cluster: Cluster, gaps: Gaps, name: str, zones: Iterable[Zone]) -> Holder | None:
    """The longest of ZONES that holds NAME, with its records there."""
    fitting = sorted((z for z in zones if under(name, z.name)), key=lambda z: (-len(z.name), z.id))
    if not fitting:
        return None
    best = fitting[0]
    if best.service:
        return Holder(name=name, zone=best, readable=False)
    try:
        return Holder(name=name, zone=best, records=cluster.aws.records(best.id, name, best.name))
    except CannotRead as problem:
        if problem.why is not Why.FORBIDDEN:
            gaps.add(f"{problem.verb} {problem.object}", problem.reason, problem.grant)
        return Holder(name=name, zone=best, readable=False)


def fails(answers: Iterable[Answered], name: str) -> bool:
    """Whether a name got no address from anybody who was asked, because it does not exist there; False where nobody was."""
    seen = [a for a in answers if a.name == name]
    absent = {Effect.NXDOMAIN, Effect.NODATA}
    return bool(seen) and not any(a.ok for a in seen) and any(a.effect in absent for a in seen)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """F59 for a zone here that lacks the record, and for a zone elsewhere that has it; only where the name fails."""
    found = [f for f in (_missing(facts, h) for h in facts.here) if f]
    found += [f for f in (_elsewhere(facts, h) for h in facts.elsewhere) if f]
    yield from found
    for holder in facts.here:
        if holder.name not in facts.forwarded and _address(holder) and fails(facts.answers, holder.name):
            yield Excluded(code="name-really-absent", because=_held(holder), scope=Scope(zones=(holder.name,)))
    fine = [n for n in facts.names if any(a.name == n and a.ok for a in facts.answers)]
    if found or not fine or len(fine) < len(facts.names):
        return
    yield Excluded(
        code="phz-not-associated",
        because=f"{', '.join(fine)} resolves; {facts.vpc} has {facts.zones} private zones",
    )


def _address(holder: Holder) -> bool:
    """Whether the zone is known to lead the name to an address."""
    return any(record.kind in ADDRESS for record in holder.records)


def _held(holder: Holder) -> str:
    record = next(r for r in holder.records if r.kind in ADDRESS)
    return (
        f"the private zone {holder.zone.name} ({holder.zone.id}) of this VPC has {holder.name}: "
        f"{record.name} {record.kind} {' '.join(record.values)}"
    )


def _missing(facts: Facts, holder: Holder) -> Finding | None:
    if holder.name in facts.forwarded or not holder.readable or not fails(facts.answers, holder.name):
        return None
    if _address(holder):
        return None
    zone, region = holder.zone, f" --region {facts.region}" if facts.region else ""
    others = ", ".join(f"{r.kind}" for r in holder.records)
    return Finding(
        code="phz-not-associated",
        severity=Severity.WARNING,
        summary=(
            f"The private zone {zone.name} of this VPC answers for {holder.name} and has no address for it"
            f"{f' (only {others})' if others else ''}; public records of that name are not looked at"
        ),
        subject=f"hosted zone {zone.id} ({zone.name})",
        evidence=(
            f"ListHostedZonesByVPC {facts.vpc}: {zone.id} {zone.name}",
            f"ListResourceRecordSets {zone.id} {holder.name}: {others or 'no record, nor a wildcard'}",
            *_lines(facts, holder.name),
        ),
        fix=(
            f"Add the record to the private zone {zone.name}, or take the zone away from this VPC if its public "
            "namesake should answer."
        ),
        commands=(
            f"aws route53 list-resource-record-sets --hosted-zone-id {zone.id}",
            (
                f"aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id {zone.id} "
                f"--vpc VPCRegion={facts.region},VPCId={facts.vpc}"
            ),
        )
        if region
        else (f"aws route53 list-resource-record-sets --hosted-zone-id {zone.id}",),
        scope=Scope(zones=(holder.name,)),
    )


def _elsewhere(facts: Facts, holder: Holder) -> Finding | None:
    if not holder.readable or not _address(holder):
        return None
    zone = holder.zone
    return Finding(
        code="phz-not-associated",
        severity=Severity.WARNING,
        summary=(
            f"{holder.name} stands in the private zone {zone.name}, which is associated with {zone.vpc or 'another VPC'} "
            f"but not with the cluster's {facts.vpc}: here the name does not exist"
        ),
        subject=f"hosted zone {zone.id} ({zone.name})",
        evidence=(
            f"ListHostedZonesByVPC {zone.vpc}: {zone.id} {zone.name}; not among the {facts.zones} zones of {facts.vpc}",
            *(
                f"ListResourceRecordSets {zone.id}: {r.name} {r.kind} {' '.join(r.values)}"
                for r in holder.records[:LINES]
            ),
            *_lines(facts, holder.name),
        ),
        fix="Associate the private zone with the cluster's VPC. Its names work there within a minute.",
        commands=(
            (
                f"aws route53 associate-vpc-with-hosted-zone --hosted-zone-id {zone.id} "
                f"--vpc VPCRegion={facts.region},VPCId={facts.vpc}"
            ),
        ),
        scope=Scope(zones=(holder.name,)),
    )


def _lines(facts: Facts, name: str) -> tuple[str, ...]:
    return tuple(a.line for a in facts.answers if a.name == name)[:LINES]


def describe(facts: Facts) -> str:
    """How many zones there are, and which hold the names."""
    held = [f"{h.name} is in {h.zone.name}" for h in (*facts.here, *facts.elsewhere)]
    return f"{facts.zones} private zones at {facts.vpc}; {'; '.join(held) or 'none holds ' + ' or '.join(facts.names)}"


CHECK = Check(
    name="private-zones",
    title="The private zone of each asked name is associated and has the record",
    stage=Stage.UPSTREAM,
    steps=("S18",),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
