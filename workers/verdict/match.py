"""Whether a cause and a symptom are about the same place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from contract.model import Effect, Finding, NameKind, Path, Scope, Severity, Signal
from workers.cluster.names import under

from .explains import ANSWERED, BEHIND, EXPLAINS, ONLY_CRITICAL, ONLY_FOR_A_NAME, ONLY_OF_ALL, ONLY_OUTSIDE, Proof

DIRECT = (Path.REPLICA, Path.FORWARD, Path.UPSTREAM)
HOSTED = ("node-firewall-drops-53",)
"""Causes on a node that cut the CoreDNS pods which run there, and no others, off from what they ask."""


def explains(finding: Finding, symptom: Signal) -> bool:
    """Whether the cause makes this symptom: the kind of cell fits, and the place."""
    more = ONLY_CRITICAL.get(finding.code, ()) if finding.severity is Severity.CRITICAL else ()
    more += ONLY_OF_ALL.get(finding.code, ()) if not finding.scope.servers else ()
    if finding.scope.zones:
        more += ONLY_FOR_A_NAME.get(finding.code, ())
    if NameKind.EXTERNAL in finding.scope.kinds:
        more += ONLY_OUTSIDE.get(finding.code, ())
    fits = any(pattern.fits(symptom) for pattern in (*EXPLAINS.get(finding.code, ()), *more))
    if finding.code in HOSTED and symptom.path is Path.FORWARD:
        return fits and symptom.server in finding.scope.servers
    return fits and touches(finding.scope, symptom, behind=finding.code in BEHIND)


def touches(scope: Scope, symptom: Signal, *, behind: bool = False) -> bool:
    """Whether a symptom lies in a scope. What goes through the Service meets every server behind it.

    behind: the scope's servers are name servers behind CoreDNS, so that every CoreDNS pod suffers.
    """
    if scope.pods and (symptom.pod not in scope.pods and not _of_asked_name(symptom)):
        return False
    if not scope.pods and symptom.pod and not _reaches_pod(scope, symptom):
        return False
    if scope.transports and symptom.transport and symptom.transport not in scope.transports:
        return False
    if scope.kinds and symptom.kind and symptom.kind not in scope.kinds:
        return False
    if scope.zones and symptom.zone and not _in_zones(scope, symptom):
        return False
    if scope.zones and not symptom.zone:
        return symptom.server in scope.servers
    return _in_place(scope, symptom, behind=behind)


def _of_asked_name(symptom: Signal) -> bool:
    """A name somebody asked about, seen from a node, stands for the pod that it fails for."""
    return not symptom.pod and bool(symptom.zone)


def _reaches_pod(scope: Scope, symptom: Signal) -> bool:
    """A cause that is not about pods reaches a pod by its node or its servers."""
    return not scope.nodes or symptom.node in scope.nodes or any(node == symptom.node for node, _ in scope.pairs)


def _in_place(scope: Scope, symptom: Signal, *, behind: bool) -> bool:
    direct = symptom.path in DIRECT
    if scope.pairs:
        if direct:
            return (symptom.node, symptom.server) in scope.pairs
        return not symptom.node or any(node == symptom.node for node, _ in scope.pairs)
    if scope.nodes and symptom.node and symptom.node not in scope.nodes:
        # From elsewhere, only the servers on those nodes can be out of reach; the Service leads to them too.
        return bool(scope.servers) and (not direct or symptom.server in scope.servers)
    if direct and not scope.nodes:
        return _server_fits(scope, symptom, behind=behind)
    return True


def _server_fits(scope: Scope, symptom: Signal, *, behind: bool) -> bool:
    """Servers behind CoreDNS are addresses, CoreDNS pods are `pod/NAME`: each limits its own column only."""
    named = scope.servers
    if symptom.path is Path.UPSTREAM:
        named = tuple(s for s in named if not s.startswith("pod/"))
    elif behind:
        named = tuple(s for s in named if s.startswith("pod/"))
    return not named or symptom.server in named


def _in_zones(scope: Scope, symptom: Signal) -> bool:
    return any(under(symptom.zone, zone) for zone in scope.zones)


def within(inner: Scope, outer: Scope) -> bool:
    """Whether all that INNER speaks of lies in what OUTER speaks of, as far as their fields tell."""
    nodes = inner.nodes or tuple(node for node, _ in inner.pairs)
    held = outer.nodes or tuple(node for node, _ in outer.pairs)
    return (
        _inside(nodes, held)
        and (not outer.pairs or not inner.pairs or _inside(inner.pairs, outer.pairs))
        and _inside(inner.pods, outer.pods)
        and (not outer.transports or _inside(inner.transports, outer.transports))
        and (not outer.zones or _inside(inner.zones, outer.zones))
        and (not (outer.servers and inner.servers) or _inside(inner.servers, outer.servers))
    )


def _inside(inner: Sequence[object], outer: Sequence[object]) -> bool:
    return not outer or (bool(inner) and set(inner) <= set(outer))


def narrowed(finding: Finding, signals: Sequence[Signal]) -> Finding | Signal:
    """The finding without the places where answers contradict it; the answer, where they do so everywhere."""
    for proof in () if finding.by_chance else ANSWERED.get(finding.code, ()):
        if not proof.counts(finding):
            continue
        here = [s for s in signals if s.path in proof.paths and s.kind in proof.kinds and _exactly(finding, s)]
        good = [s for s in here if s.effect is Effect.OK]
        unasked = proof.strays and not set(finding.scope.servers) <= {s.server for s in here}
        if good and len(good) == len(here) and not unasked:
            return good[0]
        if good:
            finding = replace(finding, scope=_without(finding, here, proof))
    return finding


def _without(finding: Finding, here: Sequence[Signal], proof: Proof) -> Scope:
    """The scope without its pairs, nodes, servers or pods from which every answer came."""
    scope = finding.scope
    if scope.pairs:
        return replace(scope, pairs=tuple(p for p in scope.pairs if not _well(s for s in here if _pair(s) == p)))
    if scope.pods:
        return replace(scope, pods=tuple(p for p in scope.pods if not _well(s for s in here if s.pod == p)))
    if scope.nodes:
        return replace(scope, nodes=tuple(n for n in scope.nodes if not _well(s for s in here if s.node == n)))
    if scope.servers and Path.REPLICA in proof.paths:
        return replace(scope, servers=tuple(v for v in scope.servers if not _well(s for s in here if s.server == v)))
    return scope


def _pair(signal: Signal) -> tuple[str, str]:
    return signal.node, signal.server


def _well(signals: Iterable[Signal]) -> bool:
    """Whether there was a question, and every one was answered."""
    seen = list(signals)
    return bool(seen) and not any(s.bad for s in seen)


def _exactly(finding: Finding, signal: Signal) -> bool:
    """Whether a signal lies in the very cells that the finding's scope names."""
    scope = finding.scope
    if scope.pods:
        return signal.pod in scope.pods
    if signal.pod or (scope.transports and signal.transport not in scope.transports):
        return False
    if scope.kinds and signal.kind not in scope.kinds:
        return False
    if scope.zones and not (signal.zone and _in_zones(scope, signal)):
        return False
    if scope.pairs:
        return _pair(signal) in scope.pairs
    if scope.servers and not _server_fits(scope, signal, behind=finding.code in BEHIND):
        return False
    return not scope.nodes or signal.node in scope.nodes
