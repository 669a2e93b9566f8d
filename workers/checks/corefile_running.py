"""Every CoreDNS pod runs the Corefile that is in the ConfigMap.

CoreDNS goes on with its old configuration when a new Corefile cannot be loaded: DNS works, nothing is red, and every pod that
is restarted afterwards (a node upgrade is enough) does not start any more. The failure is logged once and never retried.

Read: the ConfigMap, and of each replica the line `Running configuration SHA512`, which CoreDNS computes from the parsed
Corefile; this check computes the same from the ConfigMap. A pod that logs another number runs another text. That a change
is on its way (the kubelet and `reload` need up to three minutes) is no fault; a reload that failed, a text that cannot be
loaded, or a counter of failed reloads is.

What it cannot tell: the line may have rotated away, and a Corefile that takes values from the environment has no number that
could be computed here; then a pod that started after the last change has read the present text. A crash-looping pod is not
judged here but by the state of the workload.
https://coredns.io/plugins/reload/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages
from workers.cluster.addons import Owner, owner
from workers.cluster.coredns_config import Config, Replica, config, edit_commands, replicas
from workers.cluster.coredns_log import Said
from workers.cluster.corefile import STOCK, Lint, unloadable
from workers.cluster.objects import Pod

CODE = "corefile-reload-timebomb"
SPREAD = 180.0
"""Seconds that a change may take: the kubelet's sync (up to 60 to 90 s) and the interval of `reload` (30 s, give or take)."""
_FAILED = re.compile(r"^coredns_reload_failed_total(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One replica that runs. hash: what it last said that it runs, "" where its log no longer says; hash_age: seconds ago.

    failed_age: seconds since its last failed reload, None where none is logged; failure: that line. failures: its own
    count since it started, None where it could not be read.
    """

    pod: str
    started_age: float
    hash: str = ""
    hash_age: float | None = None
    failed_age: float | None = None
    failure: str = ""
    failures: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """wanted: the fingerprint of the ConfigMap, "" where unknown (why_unknown). fatal: why it cannot be loaded."""

    wanted: str
    why_unknown: str = ""
    version: str = ""
    changed_age: float | None = None
    changed_by: str = ""
    fatal: tuple[Lint, ...] = ()
    reloads: bool = True
    replicas: tuple[Running, ...] = ()
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the ConfigMap, and log and counters of each replica. Raises CannotRead, DoesNotApply."""
    gaps, now = Gaps(), ages.clock()
    told = config(cluster, gaps, now)
    text = told.text or ""
    pods = {pod.name: pod for pod in cluster.coredns_pods()}
    running = [one for one in replicas(cluster, gaps, now) if one.ready and one.started_age is not None]
    if not running:
        raise DoesNotApply("no CoreDNS pod is ready that could run anything")
    return Facts(
        wanted=told.hash,
        why_unknown=told.why_no_hash,
        version=told.version,
        changed_age=told.changed_age,
        changed_by=told.changed_by,
        fatal=tuple(
            one
            for one in unloadable(text, told.coredns, told.files, told.environment, whole=told.whole)
            if one.fatal and one.sure
        ),
        reloads=_reloads(told),
        replicas=tuple(_running(cluster, pods[one.pod], one) for one in running),
        owner=owner(cluster, "coredns"),
        gaps=gaps.seen(),
    )


def _reloads(told: Config) -> bool:
    """Whether the plugin `reload` is there, or may be in what could not be read."""
    blocks = told.parsed.blocks
    return not blocks or not told.whole or any(block.all("reload") for block in blocks)


def _running(cluster: Cluster, pod: Pod, one: Replica) -> Running:
    log = one.log
    last = log.running[-1] if log and log.running else None
    failed = (
        min(log.of(Said.RELOAD_FAILED, Said.PARSE_FAILED), key=lambda seen: seen.last_age, default=None)
        if log
        else None
    )
    return Running(
        pod=one.pod,
        started_age=one.started_age or 0.0,
        hash=last.value if last else "",
        hash_age=last.age if last else None,
        failed_age=failed.last_age if failed else None,
        failure=failed.last if failed else "",
        failures=_failures(cluster, pod),
    )


def _failures(cluster: Cluster, pod: Pod) -> int | None:
    """The replica's own count of failed reloads: an extra, so that not being able to read it is no gap."""
    try:
        status, text = cluster.http(pod, 9153, "/metrics")
    except CannotRead:
        return None
    found = _FAILED.search(text) if status == 200 else None
    return int(float(found[1])) if found else None


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Replicas that run another text than they would start with."""
    armed = [one for one in facts.replicas if _armed(facts, one)]
    drifted = [one for one in facts.replicas if one not in armed and _differs(facts, one)]
    if armed:
        yield _bomb(facts, armed)
    elif facts.fatal and facts.replicas and not any(_same(facts, one) for one in facts.replicas):
        yield _bomb(facts, list(facts.replicas))
    elif drifted:
        yield _drift(facts, drifted)
    elif facts.replicas and all(_same(facts, one) for one in facts.replicas):
        shown = f"all {len(facts.replicas)} CoreDNS pods run the Corefile of the ConfigMap"
        yield Excluded(code=CODE, because=f"{shown} (SHA512 {facts.wanted[:12]}…)" if facts.wanted else shown)


def _same(facts: Facts, one: Running) -> bool:
    """Whether a replica runs the present text: it says so, or it started well after the last change."""
    if facts.wanted and one.hash:
        return facts.wanted == one.hash
    return _started_after(facts, one)


def _started_after(facts: Facts, one: Running) -> bool:
    return facts.changed_age is not None and one.started_age + SPREAD < facts.changed_age and one.failed_age is None


def _differs(facts: Facts, one: Running) -> bool:
    return bool(facts.wanted and one.hash and facts.wanted != one.hash)


def _armed(facts: Facts, one: Running) -> bool:
    """Whether a replica could not load what it would start with: the last thing it said of a reload is that it failed.

    Where the number cannot be computed (the text cannot be parsed, say), the failure alone must be newer than the change.
    """
    if _same(facts, one):
        return False
    since = None if one.failed_age is None or one.failed_age < 0 else one.failed_age
    newest = since is not None and (one.hash_age is None or one.hash_age < 0 or since <= one.hash_age)
    after_change = since is not None and (facts.changed_age is None or since <= facts.changed_age + 1)
    if newest and after_change:
        return True
    if not _differs(facts, one):
        return False
    late = facts.changed_age is not None and facts.changed_age > SPREAD
    return bool(facts.fatal) or (late and bool(one.failures))


def _bomb(facts: Facts, armed: list[Running]) -> Finding:
    line = facts.fatal[0].line if facts.fatal else 0
    why = f": {facts.fatal[0].message}" + (f" (line {line})" if line else "") if facts.fatal else ""
    count = f"{len(armed)} of {len(facts.replicas)}"
    return Finding(
        code=CODE,
        severity=Severity.CRITICAL,
        summary=f"{count} CoreDNS pods run an older Corefile, since the one in the ConfigMap cannot be loaded{why}; DNS works "
        "until a pod is restarted.",
        subject=f"ConfigMap kube-system/coredns line {line}" if line else "ConfigMap kube-system/coredns",
        evidence=(*_evidence(facts), *(text for one in armed for text in _said(one)))[:14],
        fix="Correct the Corefile through its owner before any CoreDNS pod or node is restarted. Do not restart CoreDNS to "
        "apply it: that causes the outage.",
        commands=edit_commands(facts.owner),
        confidence=Confidence.HIGH,
        scope=Scope(servers=tuple(f"pod/{one.pod}" for one in armed)),
    )


def _drift(facts: Facts, drifted: list[Running]) -> Finding:
    """Another text, and nothing that says it cannot be loaded: on its way, or waiting for a restart."""
    soon = facts.changed_age is not None and facts.changed_age <= SPREAD
    count = f"{len(drifted)} of {len(facts.replicas)} CoreDNS pods"
    changed = f"the ConfigMap was changed {ages.words(facts.changed_age)} ago"
    wait = "it may take three minutes until they have it" if soon else "nothing says that it was refused"
    reloads = "" if facts.reloads else "; without the `reload` plugin they take it only when they are restarted"
    return Finding(
        code=CODE,
        severity=Severity.INFO,
        summary=f"{count} run another Corefile than the ConfigMap holds; {changed}, and {wait}{reloads}.",
        subject="ConfigMap kube-system/coredns",
        evidence=(*_evidence(facts), *(text for one in drifted for text in _said(one)))[:10],
        fix="Look again in a few minutes. If it stays so, see the log of a CoreDNS pod for `plugin/reload` before a restart.",
        commands=(f"kubectl -n kube-system logs {drifted[0].pod} | grep plugin/reload",),
        confidence=Confidence.LOW,
    )


def _evidence(facts: Facts) -> Iterator[str]:
    by = f" by {facts.changed_by}" if facts.changed_by else ""
    number = f"SHA512 {facts.wanted[:16]}…" if facts.wanted else f"no SHA512 ({facts.why_unknown})"
    age = ages.words(facts.changed_age)
    yield f"ConfigMap kube-system/coredns resourceVersion {facts.version}: {number}, changed {age} ago{by}"
    for one in facts.fatal[:3]:
        yield f"Corefile line {one.line}: {one.message}" if one.line else f"Corefile: {one.message}"


def _said(one: Running) -> Iterator[str]:
    if one.hash:
        yield f"pod/{one.pod}: Running configuration SHA512 = {one.hash[:16]}… ({ages.words(one.hash_age)} ago)"
    if one.failure:
        yield f"pod/{one.pod}: {one.failure}"
    if one.failures:
        yield f"pod/{one.pod}: coredns_reload_failed_total {one.failures}"


def describe(facts: Facts) -> str:
    """How many replicas run the present text, and whether that is a stock one."""
    same = sum(_same(facts, one) for one in facts.replicas)
    if not same and not facts.wanted:
        return f"what {len(facts.replicas)} CoreDNS pods run cannot be compared: {facts.why_unknown}"
    stock = STOCK.get(facts.wanted, "a Corefile of one's own")
    return f"{same} of {len(facts.replicas)} running CoreDNS pods have the ConfigMap's Corefile ({stock})"


CHECK = Check(
    name="corefile-running",
    title="Every CoreDNS pod runs the Corefile that is in the ConfigMap",
    stage=Stage.CONFIGURATION,
    steps=("S22",),
    source="https://coredns.io/plugins/reload/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
