"""From inside the asked pod's network, names resolve raw and through a C library alike.

The same questions as from the nodes are asked from within the network of the pod: what fails there and not from a probe on
its node is that pod's alone (a policy, a branch interface, its resolv.conf). Raw questions that are answered while a C library
fails point at the client's side. Old musl (before 1.2.4) never asks again over TCP: an answer that does not fit into one UDP
packet is lost for it.

Read: an ephemeral container in the pod asked about (grant: deploy/cluster-app-exec), the pod's image names. What it cannot
tell: whether the resolver libraries of the application's own image are broken: the ephemeral container brings its own
image. No query at all from the pod's address in CoreDNS' query log would show that.
https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/#ephemeral-container
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Finding, NameKind, Observation, Path, Scope, Severity, Signal
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, Looked, Survey
from workers.cluster.asked import AskedName, asked_name, in_its_family
from workers.cluster.clients import Client, asked_client
from workers.cluster.libc import KnownLibc, asked_libc, known
from workers.cluster.matrix import Cell, absent_names, cells, signals
from workers.cluster.names import Libc, plain

SMALL = 512
"""A UDP answer without EDNS, which musl does not use, holds as many octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was seen from inside the pod. cells: raw questions. looked: by the probe's own C library.

    exists: whether CoreDNS has the asked name (with its expansions); None where it was not asked. size: octets of the
    largest answer for the asked name, estimated from its addresses; 0 where there is none.
    """

    client: Client
    libc: KnownLibc
    cells: tuple[Cell, ...]
    looked: tuple[Looked, ...]
    external: str
    asked: str = ""
    exists: bool | None = None
    size: int = 0
    truncated: bool = False
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Look from inside the pod. Raises DoesNotApply where nobody asked about one, CannotRead where it is not there."""
    if not cluster.question.pod:
        raise DoesNotApply("nobody asked about a pod")
    gaps = Gaps()
    client = asked_client(cluster, gaps)
    if client is None:
        raise DoesNotApply(f"there is no pod {cluster.question.pod}")
    inside = gaps.of(cluster.pod_survey, None)
    survey = gaps.of(cluster.survey, None)
    asked = gaps.of(lambda: asked_name(cluster, gaps), None) if cluster.question.name else None
    size, truncated = _largest(survey)
    return Facts(
        client=client,
        libc=asked_libc(cluster, client, gaps) if size > SMALL else known(client, inside.loaders if inside else ()),
        cells=_cells(inside, survey, asked),
        looked=tuple(one for one in inside.looked if one.name != inside.canary) if inside else (),
        external=cluster.entry.names_external,
        asked=cluster.question.name,
        exists=asked.found is not None if asked else None,
        size=size,
        truncated=truncated,
        gaps=gaps.seen(),
    )


def _cells(inside: Survey | None, survey: Survey | None, asked: AskedName | None) -> tuple[Cell, ...]:
    """Raw questions from inside; the asked name only where it is meant as it is written."""
    if inside is None:
        return ()
    whole = asked is not None and (asked.found is None or asked.found is asked.itself)
    kept = [one for one in inside.asked if one.name.kind is not NameKind.ASKED]
    if asked is not None and whole:
        kept += in_its_family(asked, [one for one in inside.asked if one.name.kind is NameKind.ASKED])
    return cells(kept, absent=absent_names(survey.asked) if survey else ())


def _largest(survey: Survey | None) -> tuple[int, bool]:
    found = [a for a in survey.asked if a.name.kind is NameKind.ASKED and a.reply is not None] if survey else []
    sizes = [
        len(a.name.name) + 18 + sum(28 if ":" in address else 16 for address in a.reply.addresses)
        for a in found if a.reply and a.effect is Effect.OK
    ]  # fmt: skip
    return max(sizes, default=0), any(a.reply.truncated for a in found if a.reply and a.transport == "udp")


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Raw questions and look-ups as signals; large answers against an old musl."""
    yield from signals(facts.cells)
    for one in facts.looked:
        wanted = facts.exists if one.name == facts.asked else True
        if wanted is not False:
            yield _lookup(facts, one)
    if facts.asked and (facts.size > SMALL or facts.truncated):
        yield from _large(facts)


def _lookup(facts: Facts, one: Looked) -> Signal:
    kind = (
        NameKind.ASKED
        if one.name == facts.asked
        else NameKind.EXTERNAL
        if one.name == facts.external
        else NameKind.INTERNAL
    )
    effect = Effect.OK if one.addresses else _failure(one)
    came = ", ".join(one.addresses[:4]) or one.error
    took = f" ({one.seconds * 1000:.0f} ms)" if one.finished else ""
    return Signal(
        path=Path.CLIENT, effect=effect, kind=kind, node=one.node, pod=one.pod, seconds=one.seconds,
        answered=int(bool(one.addresses)), zone=one.name if kind is NameKind.ASKED else "",
        summary=f"{one.name} looked up by a C library inside pod {one.pod}: {came}.",
        evidence=(f"pod {one.pod}: getaddrinfo({one.name}) -> {one.canonical or '-'} {came}{took}",),
    )  # fmt: skip


def _failure(one: Looked) -> Effect:
    """A failed look-up by the words of its library: no answer in time, or no such name."""
    if not one.finished or any(word in one.error for word in ("Temporary failure", "Try again")):
        return Effect.SILENT
    return Effect.NXDOMAIN if one.error else Effect.FAILED


def _large(facts: Facts) -> Iterator[Finding]:
    libc = facts.libc
    if libc.libc is Libc.GLIBC or libc.old is False:
        return
    if libc.libc is not Libc.MUSL:
        severity, confidence = Severity.INFO, Confidence.LOW
    else:
        severity = Severity.WARNING
        confidence = Confidence.HIGH if libc.old and libc.sure else Confidence.MEDIUM if libc.old else Confidence.LOW
    yield Finding(
        code="musl-truncated-no-tcp", severity=severity, confidence=confidence, subject=facts.client.subject,
        summary=f"The answer for {plain(facts.asked)} has about {facts.size} octets and does not fit into one UDP packet of "
        f"{SMALL}; musl before 1.2.4 keeps what came in that packet at the most, or fails"
        f"{'' if libc.libc else ' (whether this image has it is not known)'}.",
        evidence=(facts.client.line, f"images: {', '.join(facts.client.images)}", libc.how or "C library: not known"),
        fix="Build the image on musl 1.2.4 or newer (Alpine 3.18 or newer) or on glibc, or give the name fewer addresses.",
        commands=(f"kubectl -n {facts.client.namespace} get pod {facts.client.pods[0].partition('/')[2]} -o yaml",),
        scope=Scope(pods=facts.client.pods),
    )  # fmt: skip


def describe(facts: Facts) -> str:
    """How much was answered inside the pod."""
    if not facts.cells and not facts.looked:
        return "nothing was asked from inside the pod"
    asked = sum(cell.questions for cell in facts.cells)
    good = sum(count for cell in facts.cells for effect, count in cell.effects if effect is Effect.OK)
    found = sum(1 for one in facts.looked if one.addresses)
    return f"{good} of {asked} raw questions answered, {found} of {len(facts.looked)} look-ups succeeded inside the pod"


CHECK = Check(
    name="client-libraries",
    title="From inside the asked pod, names resolve",
    stage=Stage.CLIENT,
    steps=("S13", "S14", "S40"),
    source="https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/#ephemeral-container",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
