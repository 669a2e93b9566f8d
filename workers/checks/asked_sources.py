"""CoreDNS says of the asked name what its sources say: the name servers behind it, or the API for a cluster name.

CoreDNS can answer for a name by another plugin: from `hosts`, `template`, `file`, `rewrite`, or a server block of its own.
Without `fallthrough` such a plugin denies every name of its zone that it does not know. And CoreDNS keeps answers, also
that a name does not exist, as long as `cache` says.

The name is asked of each CoreDNS pod and, from pods that have CoreDNS' own resolv.conf, of the name servers behind it. Where
they differ and a plugin of the Corefile covers the name, it is that plugin; where none does, it is an old entry of the cache.
Different addresses alone prove nothing for a plain forward (load balancers and CDNs give each asker others). Where the
servers behind CoreDNS deny the name or are silent too, it is not CoreDNS: see `asked-name`, `stub-domains`, `upstream`. What
it cannot tell: what a file that the Corefile names holds.
https://coredns.io/plugins/hosts/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.asked import AskedName, Said, asked_name
from workers.cluster.assembled import Assembled
from workers.cluster.corefile import Corefile, Shadow, block_of, shadows
from workers.cluster.names import Form, parsed, plain
from workers.cluster.sources import Source, cache_of, replicas, sources, targets
from workers.cluster.targets import goal_of

SYSTEM = "kube-system"
DENIED = (Effect.NXDOMAIN, Effect.NODATA)
FAILED = (*DENIED, Effect.SERVFAIL, Effect.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What CoreDNS and its sources say of the name. shadows: what covers it in the Corefile. cache: its settings.

    targets: addresses to which the name's server block forwards; empty for resolv.conf. block: its keys, empty for the
    root. inside: whether it is a cluster name, whose source is the API.
    """

    name: str
    said: tuple[Said, ...]
    sources: tuple[Source, ...]
    inside: bool = False
    shadows: tuple[Shadow, ...] = ()
    targets: tuple[str, ...] = ()
    block: str = ""
    cache: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Ask both sides. Raises DoesNotApply where nobody asked about a name, CannotRead where no probe ran."""
    if not cluster.question.name:
        raise DoesNotApply("nobody asked about a name")
    gaps = Gaps()
    asked = asked_name(cluster, gaps)
    found, itself = asked.found, asked.itself
    if found is not None and found is not itself and parsed(found.name, asked.domain) is None:
        raise DoesNotApply(f"{asked.name} is found by its search list, as {found.name}")
    told = gaps.of(cluster.corefile, Assembled())
    if told.problem:
        gaps.add("parse the Corefile", told.problem)
    corefile = told.parsed
    if asked.in_cluster or (found is not None and found is not itself):
        return _inside(cluster, gaps, asked, corefile)
    survey = cluster.survey()
    name = plain(asked.name)
    block = block_of(corefile, name)
    return Facts(
        name=name,
        said=(*(itself.said if itself else ()), *replicas(survey)),
        sources=sources(survey),
        shadows=shadows(corefile, name),
        targets=targets(corefile, name),
        block=" ".join(block.keys) if block and not block.is_root else "",
        cache="; ".join(cache_of(corefile, name)),
        gaps=gaps.seen(),
    )


def _inside(cluster: Cluster, gaps: Gaps, asked: AskedName, corefile: Corefile) -> Facts:
    """The facts of a cluster name: its source is the API, and only what comes before `kubernetes` can hide it."""
    meant = asked.found or asked.itself
    name = parsed(meant.name, asked.domain) if meant else None
    if meant is None or name is None:
        raise DoesNotApply(f"no CoreDNS pod could be asked for {asked.name}")
    goal = goal_of(cluster, gaps, name)
    line = f"Service {name.namespace}/{name.service}: {', '.join(goal.addresses)} (resourceVersion {goal.version})"
    api = Source(server="the API", effect=Effect.OK, line=line, default=True, addresses=goal.addresses)
    return Facts(
        name=meant.name,
        inside=True,
        said=meant.said,
        sources=(api,) if goal.addresses and name.form is Form.SERVICE else (),
        shadows=tuple(one for one in shadows(corefile, meant.name) if one.plugin in BEFORE_KUBERNETES),
        gaps=gaps.seen(),
    )


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Where CoreDNS and its sources differ, a plugin or the cache is between them."""
    known = [one for one in _of_block(facts) if one.effect is Effect.OK]
    denied = [one for one in facts.said if one.effect in DENIED]
    bad = [one for one in facts.said if one.effect in FAILED]
    shadow = _shadow(facts)
    if known and bad and shadow is not None:
        yield _shadowed(facts, shadow, bad, known)
    elif known and denied and not facts.inside:
        yield _cached(facts, denied, known)
    elif known and shadow is not None and _other(facts.said, known):
        yield _overridden(facts, shadow, known)
    elif facts.block and denied and any(s.default and s.effect is Effect.OK for s in facts.sources):
        yield _block(facts, denied)
    elif facts.targets and denied and shadow is None and (others := _others(facts)):
        yield _astray(facts, denied, others)
        because = f"{others[0].server}, a name server of the nodes, knows {facts.name}: {others[0].line}"
        yield Excluded(code="name-really-absent", because=because, scope=Scope(zones=(facts.name,)))
    elif known and facts.said and all(one.effect is Effect.OK for one in facts.said):
        because = f"{len(facts.said)} answers of CoreDNS pods agree with {known[0].server}: {facts.name} exists"
        if not facts.inside:
            yield Excluded(code="cache-stale-or-negative", because=because)
        if not _other(facts.said, known):
            yield Excluded(code="rewrite-hosts-template-shadow", because=because)


def _of_block(facts: Facts) -> list[Source]:
    """The sources that count: the addresses that the block forwards to, else the node's own name servers."""
    if facts.targets:
        return [one for one in facts.sources if one.server in facts.targets and not one.default]
    return [one for one in facts.sources if one.default]


def _shadow(facts: Facts) -> Shadow | None:
    """The plugin that most likely answers: one with an entry for the name, else the first that covers it."""
    return next((one for one in facts.shadows if one.entry), next(iter(facts.shadows), None))


def _other(said: tuple[Said, ...], known: list[Source]) -> bool:
    """Whether CoreDNS gives only addresses that no source gives, and says that it is its own answer."""
    ours = {a for one in said for a in one.addresses}
    theirs = {a for one in known for a in one.addresses}
    return bool(ours and theirs) and not ours & theirs and any(one.authoritative for one in said)


def _where(shadow: Shadow) -> str:
    zone = f" for {shadow.zone}" if shadow.zone else " for every name"
    return f"`{shadow.plugin}`{zone} (line {shadow.line} of the Corefile)"


BEFORE_KUBERNETES = ("rewrite", "template", "hosts", "route53", "azure", "clouddns", "server block")
COMMANDS = ("kubectl -n kube-system get configmap coredns -o yaml",)


def _lines(said: list[Said], sources: list[Source]) -> tuple[str, ...]:
    return (*(one.line for one in said[:4]), *(one.line for one in sources[:3]))


def _shadowed(facts: Facts, shadow: Shadow, bad: list[Said], known: list[Source]) -> Finding:
    word = bad[0].rcode if bad[0].effect is not Effect.NODATA else "an empty answer"
    return Finding(
        code="rewrite-hosts-template-shadow", severity=Severity.WARNING, subject="ConfigMap kube-system/coredns",
        summary=f"CoreDNS answers {facts.name} itself with {word}, by {_where(shadow)}, while {known[0].server} knows it.",
        evidence=(f"Corefile line {shadow.line}: {shadow.text}", *_lines(bad, known)),
        fix=f"Add `fallthrough` to `{shadow.plugin}`, or add the name there, or take {facts.name} out of its zone."
        if shadow.plugin not in ("rewrite", "server block")
        else f"Change {_where(shadow)} so that it leaves {facts.name} alone.",
        commands=COMMANDS, scope=Scope(kinds=(NameKind.ASKED,), zones=(shadow.zone,) if shadow.zone else ()),
    )  # fmt: skip


def _overridden(facts: Facts, shadow: Shadow, known: list[Source]) -> Finding:
    given = ", ".join(facts.said[0].addresses[:4])
    return Finding(
        code="rewrite-hosts-template-shadow", severity=Severity.WARNING, confidence=Confidence.MEDIUM,
        subject="ConfigMap kube-system/coredns",
        summary=f"CoreDNS answers {facts.name} itself with {given}, by {_where(shadow)}, while {known[0].server} says "
        f"{', '.join(known[0].addresses[:4])}.",
        evidence=(f"Corefile line {shadow.line}: {shadow.text}", *_lines(list(facts.said), known)),
        fix=f"If that is not meant so, take {facts.name} out of `{shadow.plugin}`.",
        commands=COMMANDS, scope=Scope(kinds=(NameKind.ASKED,), zones=(shadow.zone,) if shadow.zone else ()),
    )  # fmt: skip


def _others(facts: Facts) -> list[Source]:
    """The nodes' own name servers that know the name, where every server that the Corefile names denies it."""
    theirs = _of_block(facts)
    if not theirs or not all(one.effect in DENIED for one in theirs):
        return []
    return [one for one in facts.sources if one.default and one.effect is Effect.OK]


def _astray(facts: Facts, denied: list[Said], others: list[Source]) -> Finding:
    """The block for all names: a server that it names does not pass on what only the VPC's resolver knows."""
    servers = ", ".join(facts.targets)
    return Finding(
        code="corefile-no-or-bad-forward", severity=Severity.WARNING, confidence=Confidence.MEDIUM,
        subject="ConfigMap kube-system/coredns",
        summary=f"CoreDNS forwards {facts.name} to {servers}, where it does not exist, while {others[0].server}, a name server "
        "of the nodes, knows it.",
        evidence=(f"Corefile: forward . {' '.join(facts.targets)}", *_lines(denied, [*_of_block(facts)[:1], *others])),
        fix="Forward to the nodes' own name servers (`forward . /etc/resolv.conf`), and send only their own zones to these "
        "servers; or let them pass the name on to the VPC's resolver.",
        commands=COMMANDS, scope=Scope(kinds=(NameKind.ASKED,), zones=(facts.name,)),
    )  # fmt: skip


def _block(facts: Facts, denied: list[Said]) -> Finding:
    others = [one for one in facts.sources if one.default and one.effect is Effect.OK]
    return Finding(
        code="rewrite-hosts-template-shadow", severity=Severity.WARNING, confidence=Confidence.MEDIUM,
        subject="ConfigMap kube-system/coredns",
        summary=f"The server block {facts.block} sends {facts.name} to {', '.join(facts.targets) or 'no server'}, where it "
        f"does not exist, while {others[0].server} knows it.",
        evidence=(f"Corefile: {facts.block} {{ forward . {' '.join(facts.targets)} }}", *_lines(denied, others)),
        fix=f"Take {facts.name} out of that server block's zone, or add the record at its name servers.",
        commands=COMMANDS, scope=Scope(kinds=(NameKind.ASKED,)),
    )  # fmt: skip


def _cached(facts: Facts, denied: list[Said], known: list[Source]) -> Finding:
    pods = tuple(sorted({one.pod for one in denied}))
    good = {one.pod for one in facts.said if one.effect is Effect.OK} - set(pods)
    longest = max(one.ttl for one in denied)
    differ = f", while {', '.join(sorted(good))} finds it" if good else ""
    return Finding(
        code="cache-stale-or-negative", severity=Severity.WARNING,
        subject=", ".join(f"Pod {SYSTEM}/{pod}" for pod in pods) if good else f"Deployment {SYSTEM}/coredns",
        summary=f"{len(pods)} CoreDNS {'pod still says' if len(pods) == 1 else 'pods still say'} that {facts.name} does not "
        f"exist{differ}, though {known[0].server} knows it: an old answer in the cache, kept for up to {longest} s more.",
        evidence=(facts.cache or "the Corefile has no cache for it", *_lines(denied, known)),
        fix=f"Wait {longest} s, or restart CoreDNS; then lower `denial` in the Corefile's cache so that new names show sooner.",
        commands=(f"kubectl -n {SYSTEM} rollout restart deployment coredns", *COMMANDS),
        confidence=Confidence.HIGH if longest and facts.cache else Confidence.MEDIUM,
        scope=Scope(kinds=(NameKind.ASKED,), servers=tuple(f"pod/{pod}" for pod in pods) if good else ()),
    )  # fmt: skip


def describe(facts: Facts) -> str:
    """What both sides say."""
    ours = ", ".join(sorted({one.rcode or one.effect.value for one in facts.said})) or "nothing"
    theirs = ", ".join(sorted({one.effect.value for one in _of_block(facts)})) or "nothing"
    return f"{facts.name}: CoreDNS says {ours}, the name servers behind it: {theirs}"


CHECK = Check(
    name="asked-sources",
    title="CoreDNS says of the asked name what the servers behind it say",
    stage=Stage.UPSTREAM,
    steps=("S19", "S27"),
    source="https://coredns.io/plugins/hosts/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
