"""The name that somebody asked about resolves, and what it leads to exists.

Every CoreDNS pod is asked for the name over port-forward, as it stands and with the search domains that the asked pod has;
the probes asked it on every other way. For a cluster name the API is asked as well: Namespace, Service, endpoints. A name
that resolves with its search domains counts as found, as an application finds it.

Absent in the API and in every answer: the name does not exist, and the nearest names that do are shown. A headless Service
without ready endpoints has no address to give, nor has an ExternalName that leads to a name which nobody has. Present in
the API while a CoreDNS pod denies it: a symptom, which other checks explain (a pod cut off from the API server, a Corefile
without the zone). For an outside name that the upstream itself denies nothing in the cluster is at fault: a private zone or
rule may be (other checks). What it cannot tell: whether a name is misspelt or its Service was deleted.
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity, Signal
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.asked import AskedName, Candidate, Said, asked_name, in_its_family, meant, own_wildcards
from workers.cluster.matrix import Cell, cells, signals
from workers.cluster.names import ClusterName, Form, parsed, plain, under
from workers.cluster.sources import forwarded_to, used
from workers.cluster.targets import Goal, goal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was said of the name, and what it leads to. meant: the cluster name that it means, "" for an outside name.

    goal: what the API knows of it. cells: the answers on every way of the name as it stands, where it is meant so.
    upstream: effects of the upstream's own answers. wild: search domains that answer for any name.
    """

    asked: AskedName
    cells: tuple[Cell, ...] = ()
    meant: str = ""
    goal: Goal | None = None
    upstream: tuple[Effect, ...] = ()
    wild: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Ask the CoreDNS pods and the API. Raises DoesNotApply where nobody asked about a name."""
    if not cluster.question.name:
        raise DoesNotApply("nobody asked about a name")
    gaps = Gaps()
    asked = asked_name(cluster, gaps)
    survey = gaps.of(cluster.survey, None)
    wanted = meant(cluster, gaps, asked)
    name = parsed(wanted, asked.domain) if wanted else None
    found = [a for a in survey.asked if a.name.kind is NameKind.ASKED] if survey else []
    found = [
        a
        for a in found
        if a.target.path is not Path.UPSTREAM or used(a, forwarded_to(cluster, gaps, plain(asked.name)))
    ]
    upstream = tuple(a.effect for a in found if a.target.path is Path.UPSTREAM)
    wild = (
        {plain(one.canonical.partition(".")[2]) for one in survey.looked if one.name == survey.canary}
        if survey
        else set()
    )
    # What the probes' search lists lack, and that alone, is tried over port-forward.
    wild |= {one.suffix for one in own_wildcards(cluster, Gaps())[1] if one.caught}
    as_it_stands = asked.found is asked.itself or (
        asked.found is None and plain(asked.name) == (wanted or plain(asked.name))
    )
    steady = cluster.steady_replicas() if found else frozenset()
    found = [a for a in found if not a.target.node or a.target.label.removeprefix("pod/") in steady]
    ours = in_its_family(asked, [a for a in found if a.target.path is not Path.UPSTREAM or not wanted])
    return Facts(
        asked=asked,
        cells=cells(ours) if as_it_stands else (),
        meant=wanted,
        goal=_goal(cluster, gaps, name, asked.domain) if name is not None else None,
        upstream=upstream,
        wild=tuple(sorted(wild - {""})),
        gaps=gaps.seen(),
    )


def _goal(cluster: Cluster, gaps: Gaps, name: ClusterName, domain: str) -> Goal:
    """What NAME leads to; what it is an alias of, where that is a Service too."""
    goal = goal_of(cluster, gaps, name)
    alias = parsed(goal.external_name, domain) if goal.external_name else None
    target = goal_of(cluster, gaps, alias) if alias is not None else goal
    return target if target.exists else goal


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Signals of every answer; then what the API says of it."""
    caught = _caught(facts)
    if caught is not None:
        yield _wrong(facts, caught)
    else:
        yield from signals(facts.cells)
        yield from _over_forward(facts)
    goal = facts.goal
    if goal is not None:
        yield from _in_cluster(facts, goal, resolves=facts.asked.found is not None and caught is None)
    elif facts.asked.found is not None and caught is None:
        yield Excluded(
            code="name-really-absent", because=f"{facts.asked.found.name} resolves: {facts.asked.found.lines[0]}"
        )
    elif facts.upstream and set(facts.upstream) <= {Effect.NXDOMAIN, Effect.NODATA} and _denied(facts):
        yield _absent_outside(facts)


def _caught(facts: Facts) -> Candidate | None:
    """The name as a search domain with a wildcard answers it."""
    suffix = facts.asked.suffix
    return facts.asked.found if suffix and suffix in facts.wild else None


def _wrong(facts: Facts, caught: Candidate) -> Signal:
    addresses = next((one.addresses for one in caught.said if one.addresses), ())
    return Signal(
        path=Path.CLIENT, effect=Effect.WRONG, kind=NameKind.ASKED, zone=plain(facts.asked.name), answered=1,
        summary=f"{facts.asked.name} gets {', '.join(addresses)} as {caught.name}: that search domain answers for any name.",
        evidence=caught.lines,
    )  # fmt: skip


def _over_forward(facts: Facts) -> Iterator[Signal]:
    """Each CoreDNS pod's own word on the name that is found, or on the one that is meant."""
    asked = facts.asked
    one = asked.found or asked.of(facts.meant) or asked.itself
    for said in one.said if one is not None else ():
        wrong = _against(facts, said) if one is not None and one.name == facts.meant else ""
        yield Signal(
            path=Path.FORWARD, effect=Effect.WRONG if wrong else said.effect, server=f"pod/{said.pod}", transport="tcp",
            kind=NameKind.ASKED, zone=one.name if one else "", answered=int(bool(said.rcode)), evidence=(said.line,),
            summary=f"CoreDNS pod {said.pod} itself says {said.rcode or 'nothing'} of {one.name if one else ''}{wrong}.",
        )  # fmt: skip


def _against(facts: Facts, said: Said) -> str:
    return facts.goal.against(said.addresses) if facts.goal is not None and said.effect is Effect.OK else ""


def _denied(facts: Facts) -> bool:
    itself = facts.asked.itself
    return itself is None or not itself.said or itself.absent


def _in_cluster(facts: Facts, goal: Goal, *, resolves: bool) -> Iterator[Observation]:
    if resolves and facts.asked.found is not None:
        if any(_against(facts, said) for said in facts.asked.found.said):
            return
        line = facts.asked.found.lines[0]
        for code in ("name-really-absent", "headless-no-ready-endpoints"):
            yield Excluded(code=code, because=f"{facts.asked.found.name} resolves: {line}")
        return
    if _nowhere(facts, goal):
        yield _absent(facts, goal)
    elif goal.external_name:
        # CoreDNS gives the same answer where it could not look the target up.
        if goal.owner and _denied_everywhere(facts):
            yield _leads_nowhere(facts, goal)
    elif goal.exists and goal.headless and (not goal.ready or goal.name.form is Form.ENDPOINT):
        yield from _headless(facts, goal)
    elif goal.exists and goal.name.form is Form.SERVICE:
        because = f"Service {goal.key} exists (resourceVersion {goal.version or 'unknown'})"
        yield Excluded(code="name-really-absent", because=because)


def _nowhere(facts: Facts, goal: Goal) -> bool:
    """Whether there is no such name: by the API, or, where that cannot tell, by every answer."""
    if goal.name.form is Form.OTHER:
        return _denied_everywhere(facts)  # a server block of its own may know it
    if goal.exists is False or goal.namespace_exists is False or goal.unnamed:
        return True
    untold = goal.exists is None and (bool(goal.name.service) or goal.name.form is Form.NAMESPACE)
    return untold and _denied_everywhere(facts)


def _lines(facts: Facts) -> tuple[str, ...]:
    shown = facts.asked.of(facts.meant) or facts.asked.itself
    return shown.lines[:4] if shown else ()


def _absent(facts: Facts, goal: Goal) -> Finding:
    caught = _caught(facts)
    near = (
        f"Did you mean {' or '.join(goal.alike)}?" if goal.alike else "No Service that can be seen has a similar name."
    )
    seen = "its CoreDNS pods deny it too" if _denied_everywhere(facts) else "not every CoreDNS pod was heard"
    return Finding(
        code="name-really-absent",
        severity=Severity.INFO if caught is not None else Severity.WARNING,
        confidence=_certainty(facts, goal),
        subject=f"name {facts.asked.name}",
        summary=f"{facts.asked.name} does not exist: {goal.missing}, and {seen}.",
        evidence=(f"API: {goal.missing}", *_lines(facts), *(f"exists: {each}" for each in goal.alike)),
        fix=f"{near} Correct the name in the application, or create the Service; from another namespace write "
        "SERVICE.NAMESPACE.",
        commands=(_listing(goal),),
        scope=Scope(kinds=(NameKind.ASKED,)),
    )


def _certainty(facts: Facts, goal: Goal) -> Confidence:
    if goal.name.form in (Form.OTHER, Form.NAMESPACE):
        return Confidence.MEDIUM
    if goal.exists is None and goal.namespace_exists is not False:
        return Confidence.LOW
    return Confidence.HIGH if _denied_everywhere(facts) else Confidence.MEDIUM


def _listing(goal: Goal) -> str:
    named = goal.name.namespace and goal.namespace_exists is not False
    return f"kubectl -n {goal.name.namespace} get services" if named else "kubectl get namespaces"


def _leads_nowhere(facts: Facts, goal: Goal) -> Finding:
    """That the Service leads to a name without an address is seen; why the target has none, where it is outside, is not."""
    target, service = plain(goal.external_name), goal.name.service
    inside = under(target, facts.asked.domain)
    return Finding(
        code="name-really-absent",
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        subject=f"Service {goal.key}",
        summary=f"Service {goal.key} leads to {target} (type ExternalName), and CoreDNS finds no address for that name: so "
        f"{facts.asked.name} has none either.",
        evidence=(f"API: {goal.missing}", *_lines(facts)),
        fix=f"Correct externalName of Service {service}, or make {target} exist"
        + ("." if inside else ": is the record in its zone, is a private zone associated with this VPC, does a Resolver "
           "rule send it elsewhere?"),
        commands=(f"kubectl -n {goal.name.namespace} get service {service} -o yaml", f"dig +trace {target}."),
        scope=Scope(kinds=(NameKind.ASKED,)),
    )  # fmt: skip


def _denied_everywhere(facts: Facts) -> bool:
    one = facts.asked.of(facts.meant)
    return one is not None and one.absent


def _headless(facts: Facts, goal: Goal) -> Iterator[Observation]:
    name = goal.name
    key = goal.key
    if not goal.ready and not goal.publishes_unready:
        what = f"Service {key} is headless and none of its {goal.endpoints} endpoints is ready, so it has no address to give"
        fix = "Make its pods ready (see their readiness probe), or set publishNotReadyAddresses if clients may see them before."
    elif name.form is Form.ENDPOINT and name.hostname not in goal.hostnames:
        why = goal.owner or "no endpoint has that hostname"
        what = f"Service {key} has no pod named {name.hostname}: {why}"
        fix = "Correct the pod's name, or serviceName of the StatefulSet (hostname and subdomain of a pod), or make it ready."
    else:
        yield Excluded(code="headless-no-ready-endpoints", because=f"Service {key} has {goal.ready} ready endpoints")
        return
    yield Finding(
        code="headless-no-ready-endpoints",
        severity=Severity.WARNING,
        subject=f"Service {key}",
        summary=f"{what}.",
        evidence=(goal.line, *_lines(facts)),
        fix=fix,
        commands=(
            f"kubectl -n {name.namespace} get endpointslices -l kubernetes.io/service-name={name.service} -o yaml",
            f"kubectl -n {name.namespace} describe service {name.service}",
        ),
        scope=Scope(kinds=(NameKind.ASKED,)),
    )  # fmt: skip
    yield Excluded(
        code="name-really-absent", because=f"Service {key} exists (resourceVersion {goal.version or 'unknown'})"
    )


def _absent_outside(facts: Facts) -> Finding:
    name = plain(facts.asked.name)
    return Finding(
        code="name-really-absent",
        severity=Severity.WARNING,
        confidence=Confidence.LOW,
        subject=f"name {facts.asked.name}",
        summary=f"The name servers behind CoreDNS say themselves that {name} does not exist, as CoreDNS does.",
        evidence=(
            *_lines(facts),
            *(line for cell in facts.cells if cell.path is Path.UPSTREAM for line in cell.lines[:2]),
        ),
        fix="Correct the name; or, if it should exist, look at its zone: is the record there, is a private zone associated "
        "with this VPC, does a Resolver rule send it elsewhere?",
        commands=(f"dig +trace {name}.",),
        scope=Scope(kinds=(NameKind.ASKED,)),
    )


def describe(facts: Facts) -> str:
    """What the name came to."""
    found = facts.asked.found
    if found is not None:
        addresses = next((one.addresses for one in found.said if one.addresses), ())
        return f"{facts.asked.name} resolves as {found.name}: {', '.join(addresses[:4]) or 'no address'}"
    return f"{facts.asked.name}: none of the {len(facts.asked.candidates)} names that it may stand for resolves"


CHECK = Check(
    name="asked-name",
    title="The name asked about resolves",
    stage=Stage.CLIENT,
    steps=("S01", "S17", "S18", "S19", "S27"),
    source="https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
