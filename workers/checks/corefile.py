"""The Corefile can be loaded and serves the cluster's names and all others.

The Corefile is CoreDNS' whole configuration. A mistake in it either keeps CoreDNS from starting (examples that are years
old still show the option `upstream`, which ends every CoreDNS since 1.7), or lets it start and answer wrongly: without
`kubernetes` for this cluster's zone no Service is found, without `forward` nothing outside of the cluster.

Read: the ConfigMap (and `coredns-custom` where it is imported), the version of CoreDNS by its image, and what the replicas
say that they run. The text is parsed as CoreDNS 1.9 to 1.14 parse it, with the plugins and options of each release. What a
replica that runs this very text has loaded, it can load: then nothing is said against loading it.

Told apart: where the pods still run an older text, that is another step's subject (a restart is what would hurt). A `hosts`,
`template`, `rewrite` or `file` is usually meant: it is only a cause where it takes the names that this run asks away.
What it cannot tell: what files of the image hold, and whether forward addresses answer.
https://coredns.io/manual/toc/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps, ages
from workers.cluster.addons import Owner, owner
from workers.cluster.coredns_config import Config, config, edit_commands, replicas
from workers.cluster.corefile import STOCK, Kind, Lint, forwards_of, lint

SYNTAX, FORWARD, SHADOW = "corefile-syntax-crashloop", "corefile-no-or-bad-forward", "rewrite-hosts-template-shadow"
LIMIT, LOOP, CACHE = "forward-max-concurrent", "corefile-loop", "cache-stale-or-negative"
BOMB = "corefile-reload-timebomb"
ZONES = (Kind.NO_KUBERNETES, Kind.WRONG_ZONE, Kind.NO_BLOCKS)
HINTS = {Kind.MAX_CONCURRENT: LIMIT, Kind.CACHE_DENIAL: CACHE, Kind.SERVE_STALE: CACHE, Kind.NO_RELOAD: BOMB}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """there: whether the ConfigMap holds a Corefile. pods, ready: of CoreDNS. loaded: whether a ready one runs this text.

    lints: its defects. names: internal, external and asked name of this run.
    lines: of the text, those that the lints are about. shadows: whether it has plugins that could take names away.
    """

    there: bool
    version: str = ""
    coredns: str = ""
    blocks: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    stock: str = ""
    lints: tuple[Lint, ...] = ()
    lines: tuple[tuple[int, str], ...] = ()
    shadows: bool = False
    pods: int = 0
    ready: int = 0
    loaded: bool = False
    names: tuple[tuple[NameKind, str], ...] = ()
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the ConfigMap and what the replicas run. Raises CannotRead, DoesNotApply."""
    gaps, now = Gaps(), ages.clock()
    told = config(cluster, gaps, now)
    text = told.text or ""
    pods = [one for one in (replicas(cluster, gaps, now) if cluster.coredns_pods() else ()) if not one.leaving]
    service = gaps.of(lambda: cluster.service("kube-system", "kube-dns"), None)
    names = tuple((each.kind, each.name) for each in cluster.names())
    zone = cluster.entry.names_internal.rstrip(".").lower().rpartition(".svc.")[2] or "cluster.local"
    found = lint(
        text, told.coredns, files=told.files, environment=told.environment, whole=told.whole, cluster_zone=zone,
        kube_dns=service.addresses if service else (), names=tuple(name for _, name in names),
    ) if told.text is not None else ()  # fmt: skip
    blocks, shadows = _blocks(told)
    return Facts(
        there=told.text is not None,
        version=told.version,
        coredns=told.coredns,
        blocks=blocks,
        targets=tuple(dict.fromkeys(t for each in forwards_of(told.parsed) for t in each.targets))[:12],
        stock=STOCK.get(told.hash, ""),
        lints=found,
        lines=tuple((one.line, _line(text, one.line)) for one in found if one.line),
        shadows=shadows,
        pods=len(pods),
        ready=sum(one.ready for one in pods),
        loaded=any(o.ready and o.log and o.log.running and o.log.running[-1].value == told.hash for o in pods),
        names=names,
        owner=owner(cluster, "coredns"),
        gaps=gaps.seen(),
    )


def _blocks(told: Config) -> tuple[tuple[str, ...], bool]:
    """The keys of the server blocks, and whether any has (or may have, unread) a plugin that could take names away."""
    blocks = told.parsed.blocks
    taking = (
        not blocks
        or not told.whole
        or any(block.all(name) for block in blocks for name in ("hosts", "template", "rewrite", "file", "auto"))
    )
    return tuple(" ".join(block.keys)[:80] for block in blocks[:12]), taking


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""


def diagnose(facts: Facts) -> Iterator[Observation]:
    """What stops it from loading, then what it does wrong, each by its line."""
    if not facts.there:
        yield _gone(facts)
        return
    fatal = [one for one in facts.lints if one.fatal and one.kind is not Kind.LOOP and not facts.loaded]
    if fatal:
        yield _unloadable(facts, fatal)
    for one in facts.lints:
        if one.kind in ZONES:
            yield _no_zone(facts, one)
        elif one.kind is Kind.NAMESPACES:
            yield _left_out(facts, one)
        elif one.kind in (Kind.NO_ROOT, Kind.NO_FORWARD):
            yield _no_forward(facts, one)
        elif one.kind is Kind.LOOP:
            yield _loop(facts, one)
        elif one.kind is Kind.SHADOW:
            yield _shadow(facts, one)
        elif one.kind in HINTS:
            yield _hint(facts, one)
    yield from _excluded(facts, bool(fatal))


def _excluded(facts: Facts, fatal: bool) -> Iterator[Excluded]:  # noqa: FBT001 - a fact, not a switch
    kinds = {one.kind for one in facts.lints}
    if not fatal and not kinds & {*ZONES, Kind.NAMESPACES} and facts.loaded:
        yield Excluded(code=SYNTAX, because=f"a ready CoreDNS pod runs the Corefile of the ConfigMap ({facts.version})")
    if not facts.shadows:
        yield Excluded(code=SHADOW, because="the Corefile has no hosts, template, rewrite or file plugin")


def _gone(facts: Facts) -> Finding:
    return Finding(
        code=SYNTAX,
        severity=Severity.CRITICAL,
        summary="The ConfigMap coredns holds no Corefile, so CoreDNS cannot start (again).",
        subject="ConfigMap kube-system/coredns",
        evidence=(
            f"GET configmaps/coredns in kube-system: no key Corefile (resourceVersion {facts.version or 'none'})",
        ),
        fix="Put the Corefile back through its owner: the EKS add-on writes its own when it is updated with OVERWRITE.",
        commands=(facts.owner.update(resolve="OVERWRITE", version=facts.owner.version),)
        if facts.owner.managed
        else ("kubectl -n kube-system get configmap coredns -o yaml",),
        confidence=Confidence.MEDIUM if facts.ready else Confidence.HIGH,
    )


def _unloadable(facts: Facts, fatal: list[Lint]) -> Finding:
    """Critical where no pod runs; where pods still run, an older text serves them, and another step warns of it."""
    sure = any(one.sure for one in fatal)
    down = not facts.ready and facts.pods > 0
    first = next((one for one in fatal if one.sure), fatal[0])
    still = "" if down else "; the pods that run were started with another text"
    return Finding(
        code=SYNTAX,
        severity=Severity.CRITICAL if down and sure else Severity.INFO,
        summary=f"CoreDNS {facts.coredns} cannot load its Corefile: {first.message}{still}.",
        subject=_subject(first),
        evidence=tuple(line for one in fatal[:6] for line in _evidence(facts, one)),
        fix="Take that line out of the Corefile, or correct it; the pods then start by themselves.",
        commands=edit_commands(facts.owner),
        confidence=Confidence.HIGH if sure else Confidence.LOW,
    )


def _no_zone(facts: Facts, one: Lint) -> Finding:
    return Finding(
        code=SYNTAX,
        severity=_severity(one),
        summary=f"CoreDNS does not answer for the cluster's own names: {one.message}.",
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix=f"Let the block for all names have `kubernetes {' '.join(one.zones) or 'cluster.local'} in-addr.arpa ip6.arpa`.",
        commands=edit_commands(facts.owner),
        confidence=_confidence(facts, one),
        scope=Scope(kinds=(NameKind.INTERNAL,)),
    )


def _left_out(facts: Facts, one: Lint) -> Finding:
    return Finding(
        code=SYNTAX,
        severity=_severity(one),
        summary=f"CoreDNS says that {', '.join(one.zones)} does not exist: {one.message}.",
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix="Take `namespaces` out of `kubernetes`, or add to it every namespace whose names pods ask for.",
        commands=edit_commands(facts.owner),
        confidence=_confidence(facts, one),
        scope=Scope(kinds=tuple(kind for kind, name in facts.names if name in one.zones)),
    )


def _no_forward(facts: Facts, one: Lint) -> Finding:
    """Of all outside names, or of one that is asked."""
    if one.zones:
        return _left_to_nobody(facts, one)
    return Finding(
        code=FORWARD,
        severity=_severity(one),
        summary=f"CoreDNS cannot look up names outside of the cluster: {one.message}.",
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix="Add `forward . /etc/resolv.conf` to the server block for all other names (`.:53`).",
        commands=edit_commands(facts.owner),
        confidence=_confidence(facts, one),
        scope=Scope(kinds=(NameKind.EXTERNAL,)),
    )


def _left_to_nobody(facts: Facts, one: Lint) -> Finding:
    kinds = tuple(dict.fromkeys(kind for kind, name in facts.names if name in one.zones))
    return Finding(
        code=FORWARD,
        severity=Severity.CRITICAL,
        summary=f"CoreDNS cannot look up {', '.join(one.zones)}: {one.message}.",
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix="Let `forward .` of that server block take the name again, or give its domain a server block of its own that "
        "forwards to name servers which know it.",
        commands=edit_commands(facts.owner),
        confidence=_confidence(facts, one),
        scope=Scope(kinds=kinds, zones=one.zones if kinds == (NameKind.ASKED,) else ()),
    )


def _loop(facts: Facts, one: Lint) -> Finding:
    """With the plugin `loop` CoreDNS stops; without it the queries go in a circle until they time out."""
    stops = one.fatal and not facts.ready
    return Finding(
        code=LOOP,
        severity=Severity.CRITICAL,
        summary=f"CoreDNS asks itself: {one.message}" + (", and CoreDNS ends when it notices." if one.fatal else "."),
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix="Forward to `/etc/resolv.conf` (the VPC's resolver), not to the node itself or to kube-dns.",
        commands=edit_commands(facts.owner),
        confidence=Confidence.HIGH if one.sure and (stops or facts.loaded) else Confidence.MEDIUM,
        scope=Scope(zones=one.zones) if any(one.zones) else Scope(),
    )


def _shadow(facts: Facts, one: Lint) -> Finding:
    """A warning where it takes a name away that this run asks; else it is told for information."""
    taken = [(kind, name) for kind, name in facts.names if f" takes {name} away " in one.message]
    kinds = tuple(dict.fromkeys(kind for kind, _ in taken))
    whole = one.sure and one.zones == ("",)
    return Finding(
        code=SHADOW,
        severity=(Severity.CRITICAL if whole else Severity.WARNING) if taken else Severity.INFO,
        summary=f"In the Corefile, {one.message}.",
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix="Add `fallthrough` to that plugin, or take the name out of it, if it is not meant to answer.",
        commands=edit_commands(facts.owner),
        confidence=Confidence.HIGH if whole and facts.loaded else Confidence.MEDIUM,
        scope=Scope(kinds=kinds, zones=() if NameKind.ASKED not in kinds or len(kinds) > 1 else one.zones),
    )


def _hint(facts: Facts, one: Lint) -> Finding:
    return Finding(
        code=HINTS[one.kind],
        severity=Severity.INFO,
        summary=f"In the Corefile, {one.message}.",
        subject=_subject(one),
        evidence=tuple(_evidence(facts, one)),
        fix="Nothing to do, unless it does not fit what you want.",
    )


def _severity(one: Lint) -> Severity:
    """What seems to be missing may stand where it could not be read, and is then told for information."""
    return Severity.CRITICAL if one.sure else Severity.INFO


def _confidence(facts: Facts, one: Lint) -> Confidence:
    """High where a pod that runs is known to run this text, or none runs at all."""
    if not one.sure:
        return Confidence.LOW
    return Confidence.HIGH if facts.loaded or not facts.ready else Confidence.MEDIUM


def _subject(one: Lint) -> str:
    return f"ConfigMap kube-system/coredns line {one.line}" if one.line else "ConfigMap kube-system/coredns"


def _evidence(facts: Facts, one: Lint) -> Iterator[str]:
    shown = dict(facts.lines).get(one.line, "")
    where = f", line {one.line}" if one.line else ""
    yield f"ConfigMap kube-system/coredns resourceVersion {facts.version}{where}: {shown or one.message}"
    yield f"server blocks: {'; '.join(facts.blocks) or 'none'}"


def describe(facts: Facts) -> str:
    """The server blocks, where they forward to, and whether it is a stock text."""
    if not facts.there:
        return "there is no Corefile"
    kind = facts.stock or "a Corefile of one's own"
    to = ", ".join(facts.targets[:4]) or "nowhere"
    return f"{kind}: {len(facts.blocks)} server blocks, forwarding to {to}, {len(facts.lints)} remarks"


CHECK = Check(
    name="corefile",
    title="The Corefile can be loaded and serves the cluster's names and all others",
    stage=Stage.CONFIGURATION,
    steps=("S20", "S21"),
    source="https://coredns.io/manual/toc/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
