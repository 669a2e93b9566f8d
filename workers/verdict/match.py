"""Whether a cause and a symptom are about the same place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contract.model import Effect, Finding, Path, Scope, Signal

from .explains import ANSWERED, EXPLAINS


def explains(finding: Finding, symptom: Signal) -> bool:
    """Whether the cause makes this symptom: the kind of cell fits, and the place."""
    patterns = EXPLAINS.get(finding.code, ())
    fits = any(
        symptom.path in p.paths
        and symptom.effect in p.effects
        and symptom.kind in p.kinds
        and (not p.transports or symptom.transport in p.transports)
        for p in patterns
    )
    return fits and touches(finding.scope, symptom)


def touches(scope: Scope, symptom: Signal) -> bool:
    """Whether a symptom lies in a scope. What goes through the Service meets every server behind it."""
    if scope.pods and (symptom.pod not in scope.pods and not _of_asked_name(symptom)):
        return False
    if not scope.pods and symptom.pod and not _reaches_pod(scope, symptom):
        return False
    if scope.transports and symptom.transport and symptom.transport not in scope.transports:
        return False
    if scope.kinds and symptom.kind and symptom.kind not in scope.kinds:
        return False
    if scope.zones and symptom.zone and not any(_under(symptom.zone, zone) for zone in scope.zones):
        return False
    if scope.zones and not symptom.zone:
        return symptom.server in scope.servers
    return _in_place(scope, symptom)


def _of_asked_name(symptom: Signal) -> bool:
    """A name somebody asked about, seen from a node, stands for the pod that it fails for."""
    return not symptom.pod and bool(symptom.zone)


def _reaches_pod(scope: Scope, symptom: Signal) -> bool:
    """A cause that is not about pods reaches a pod by its node or its servers."""
    return not scope.nodes or symptom.node in scope.nodes or any(node == symptom.node for node, _ in scope.pairs)


def _in_place(scope: Scope, symptom: Signal) -> bool:
    direct = symptom.path in (Path.REPLICA, Path.FORWARD, Path.UPSTREAM)
    if scope.pairs:
        if direct:
            return (symptom.node, symptom.server) in scope.pairs
        return not symptom.node or any(node == symptom.node for node, _ in scope.pairs)
    if scope.nodes and symptom.node and symptom.node not in scope.nodes:
        # From elsewhere, only the servers on those nodes can be out of reach.
        return bool(scope.servers) and symptom.server in scope.servers
    if scope.servers and direct and not scope.nodes:
        return symptom.server in scope.servers
    return True


def _under(name: str, zone: str) -> bool:
    name, zone = name.rstrip(".").lower(), zone.rstrip(".").lower()
    return not zone or name == zone or name.endswith(f".{zone}")


def contradiction(finding: Finding, signals: Iterable[Signal]) -> Signal | None:
    """An answer that could not have come while the cause is at work; None where there is none, or symptoms beside it."""
    paths = ANSWERED.get(finding.code, frozenset())
    here = [s for s in signals if s.path in paths and _exactly(finding.scope, s)]
    good = [s for s in here if s.effect is Effect.OK]
    return good[0] if good and len(good) == len(here) else None


def _exactly(scope: Scope, signal: Signal) -> bool:
    """Whether a signal lies in the very cells that the scope names."""
    if scope.pods:
        return signal.pod in scope.pods
    if signal.pod:
        return False
    if scope.transports and signal.transport not in scope.transports:
        return False
    if scope.pairs:
        return (signal.node, signal.server) in scope.pairs
    if scope.servers and signal.server not in scope.servers:
        return False
    if scope.zones and signal.zone and not any(_under(signal.zone, zone) for zone in scope.zones):
        return False
    return not scope.nodes or signal.node in scope.nodes


def same_place(symptoms: Sequence[Signal]) -> tuple[str, ...]:
    """The nodes that symptoms were seen from."""
    return tuple(dict.fromkeys(s.node for s in symptoms if s.node))
