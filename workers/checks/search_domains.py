"""No search domain answers for names that do not exist.

Short names, and outside names too (ndots:5), are tried with every search domain first. Where one of these domains has a
wildcard record, every misspelt or outside name gets its address: TLS errors and wrong servers rather than DNS errors.

Each probe looks up a random single label through its C library and search list. An answer under a search domain proves
the wildcard; an answer for the bare label does not (there somebody answers for every name in the world, which is not the
search list's fault). The suffix comes from the node's resolv.conf, so from the VPC's DHCP options, or from a dnsConfig.
Of a suffix that only the asked pod's dnsConfig has, CoreDNS itself is asked, over port-forward. A wildcard there may be meant
so: it counts where it takes a name that means another thing, one that exists as it stands or looks like the cluster's own.
What it cannot tell: a wildcard in a suffix that only another pod's dnsConfig has, unless that pod was asked about.
https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity, Signal
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, Looked, Survey
from workers.cluster.asked import Wildcard, own_wildcards
from workers.cluster.names import plain, under
from workers.cluster.resolv_conf import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """A name that a wildcard answered. suffix: the search domain. kind: a canary, or a real name that was caught.

    node: where it was looked up; "" where CoreDNS itself was asked for the name with the suffix.
    """

    node: str
    pod: str
    name: str
    suffix: str
    addresses: tuple[str, ...]
    kind: NameKind = NameKind.CANARY


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The VPC's DHCP options: their id, their domain names, and the VPC; empty where not known or AWS' own."""

    dhcp: str = ""
    domains: tuple[str, ...] = ()
    vpc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was caught by which suffix. lookups: canaries looked up. nodes: from which.

    node_search: search domains of the nodes' own resolv.conf. origin: read only where something was caught.
    """

    caught: tuple[Caught, ...]
    lookups: int
    nodes: tuple[str, ...]
    search: tuple[str, ...]
    node_search: tuple[str, ...] = ()
    origin: Origin = Origin()
    region: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Take the canaries from the surveys, and the suffix's origin from AWS. Raises CannotRead where no probe ran."""
    gaps = Gaps()
    survey = cluster.survey()
    # That nothing may look into the asked pod is told by client-libraries; the nodes' search lists are seen without.
    inside = Gaps().of(cluster.pod_survey, None) if cluster.question.pod else None
    confs = [(one, parse(one.text)) for one in (*survey.resolv, *(inside.resolv if inside else ()))]
    caught = (
        *_caught(survey, cluster.entry.names_external),
        *(_caught(inside, cluster.entry.names_external) if inside else ()),
    )
    tried = {d for _, conf in confs for d in map(plain, conf.search)}
    own, wild = own_wildcards(cluster, gaps)
    caught = (*caught, *(each for one in wild if one.suffix not in tried for each in _own(one, cluster.question.name)))
    looked = [one for one in survey.looked if one.name == survey.canary and one.finished]
    return Facts(
        caught=caught,
        lookups=len(looked),
        nodes=tuple(sorted({one.node for one in looked})),
        search=tuple(dict.fromkeys((*(d for one, conf in confs if one.policy != "Default" for d in conf.search), *own))),
        node_search=tuple(dict.fromkeys(d for one, conf in confs if one.policy == "Default" for d in conf.search)),
        origin=_origin(cluster, gaps) if caught else Origin(),
        region=cluster.entry.region,
        gaps=(*survey.gaps, *gaps.seen()),
    )  # fmt: skip


def _origin(cluster: Cluster, gaps: Gaps) -> Origin:
    try:
        found = gaps.of(lambda: cluster.aws.vpc_dns(cluster.aws.cluster().vpc), None)
    except DoesNotApply:
        return Origin()
    if found is None:
        return Origin()
    domains = tuple(plain(word) for word in found.domain_name.replace(",", " ").split())
    return Origin(dhcp=found.dhcp_id, domains=domains, vpc=found.vpc)


def _caught(survey: Survey, external: str) -> Iterator[Caught]:
    """Canaries that resolved under a search domain, and the outside name where it did too."""
    search = {(r.node, r.pod): parse(r.text).search for r in survey.resolv if r.policy != "Default"}
    suffixes: set[str] = set()
    for one in survey.looked:
        suffix = _suffix(one, search.get((one.node, one.pod), ()))
        if one.name == survey.canary and one.addresses and suffix:
            suffixes.add(suffix)
            yield Caught(node=one.node, pod=one.pod, name=one.name, suffix=suffix, addresses=one.addresses[:4])
    for one in survey.looked:
        suffix = _suffix(one, tuple(suffixes))
        if one.name == external and one.addresses and suffix:
            yield Caught(
                node=one.node, pod=one.pod, name=one.name, suffix=suffix, addresses=one.addresses[:4],
                kind=NameKind.EXTERNAL,
            )  # fmt: skip


def _own(one: Wildcard, asked: str) -> Iterator[Caught]:
    """What a wildcard of the asked pod's own search domain answered: a canary, and the asked name where it takes that."""
    yield Caught(node="", pod=one.pod, name=one.name, suffix=one.suffix, addresses=one.addresses)
    if one.caught:
        yield Caught(node="", pod=one.pod, name=asked, suffix=one.suffix, addresses=one.caught, kind=NameKind.ASKED)


def _suffix(one: Looked, search: tuple[str, ...]) -> str:
    """The search domain with which a look-up's name was answered, by its canonical name; "" where it stood alone."""
    name, canonical = plain(one.name), plain(one.canonical)
    if canonical == name:
        return ""
    exact = [d for d in search if canonical == f"{name}.{plain(d)}"]
    behind = [d for d in search if canonical and plain(d) and under(canonical, d)]
    return plain(next(iter((*exact, *behind)), ""))


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A finding for each suffix, a signal for each name that was caught."""
    for suffix in dict.fromkeys(one.suffix for one in facts.caught):
        yield _wildcard(facts, suffix, [one for one in facts.caught if one.suffix == suffix])
    for one in facts.caught:
        if _counts(facts, one.suffix):
            yield _signal(one)
    if facts.lookups and not facts.caught:
        tried = f"{len(facts.search)} search domains on {len(facts.nodes)} nodes"
        because = f"a random name did not resolve with any of the {tried}"
        yield Excluded(code="search-domain-wildcard", because=because, scope=Scope(nodes=facts.nodes))


def _counts(facts: Facts, suffix: str) -> bool:
    """Whether a wildcard may not be meant so: one of the asked pod's own may, as long as it takes no other name."""
    return any(one.node or one.kind is not NameKind.CANARY for one in facts.caught if one.suffix == suffix)


def _signal(one: Caught) -> Signal:
    where = f"looked up on {one.node}" if one.node else f"as pod {one.pod} asks for it"
    return Signal(
        path=Path.CLIENT, effect=Effect.WRONG, node=one.node, pod=one.pod, kind=one.kind, answered=1,
        zone=one.suffix if one.kind is NameKind.CANARY else plain(one.name),
        summary=f"{_what(one)} {where} gets {', '.join(one.addresses)} from a record of {one.suffix}.",
        evidence=(_line(one),),
    )  # fmt: skip


def _what(one: Caught) -> str:
    return "A name that does not exist" if one.kind is NameKind.CANARY else one.name


def _line(one: Caught) -> str:
    if not one.node:
        asked = f"{one.name}.{one.suffix} -> {' '.join(one.addresses)}"
        return f"CoreDNS, by port-forward: {asked} (search domain of pod {one.pod})"
    who = f"pod {one.pod}" if one.pod else f"probe on {one.node}"
    return f"{who}: getaddrinfo({one.name}) -> {one.name}.{one.suffix} {' '.join(one.addresses)}"


def _wildcard(facts: Facts, suffix: str, caught: list[Caught]) -> Finding:
    nodes = tuple(dict.fromkeys(one.node for one in caught if not one.pod))
    pods = tuple(dict.fromkeys(one.pod for one in caught if one.pod)) if not nodes else ()
    by_dhcp = suffix in facts.origin.domains
    origin = (
        f"the DHCP options {facts.origin.dhcp} of {facts.origin.vpc}" if by_dhcp
        else "the nodes' own resolv.conf" if suffix in map(plain, facts.node_search)
        else "a dnsConfig, or the kubelet's settings" if any(one.node for one in caught)
        else f"the dnsConfig of pod {caught[0].pod}"
    )  # fmt: skip
    region = f" --region {facts.region}" if facts.region else ""
    commands = (f"aws ec2 describe-dhcp-options{region} --dhcp-options-ids {facts.origin.dhcp}",) if by_dhcp else ()
    sure = _counts(facts, suffix)
    return Finding(
        code="search-domain-wildcard",
        severity=Severity.WARNING if sure else Severity.INFO,
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        subject=f"search domain {suffix}",
        summary=f"The search domain {suffix} answers {', '.join(caught[0].addresses)} for any name, so misspelt and outside "
        f"names lead there; it comes from {origin}.",
        evidence=(
            *(_line(one) for one in caught[:6]),
            f"search list of the nodes: {' '.join(facts.node_search) or 'unknown'}",
        ),
        fix=f"Remove the wildcard record from {suffix}, or take {suffix} out of "
        f"{origin} (then restart the pods). Until then, write names with a dot at the end.",
        commands=commands,
        scope=Scope(nodes=nodes if set(nodes) != set(facts.nodes) else (), pods=pods),
    )


def describe(facts: Facts) -> str:
    """How many canaries stayed without an answer."""
    if not facts.lookups:
        return "no look-up of a random name ended in time"
    caught = len([one for one in facts.caught if one.kind is NameKind.CANARY and not one.pod])
    return f"{facts.lookups - caught} of {facts.lookups} random names did not exist, as it should be"


CHECK = Check(
    name="search-domains",
    title="No search domain answers for names that do not exist",
    stage=Stage.CLIENT,
    steps=("S25",),
    source="https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
