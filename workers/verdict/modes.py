"""Hints about how DNS runs on some nodes or pods, which become causes where exactly these have symptoms and others have not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contract.model import Confidence, Effect, Finding, Path, Severity, Signal

from .view import SILENCE, Matrix, alive, silent

CODE = "deployment-mode-mismatch"


def shown(hints: Sequence[Finding], matrix: Matrix) -> Iterator[Finding]:
    """Each hint of this code whose nodes or pods fail, as a finding of medium confidence. hints: INFO findings."""
    for hint in hints:
        if hint.code != CODE:
            continue
        bad = [*_in_pods(hint, matrix), *_on_nodes(hint, matrix)]
        if bad:
            places = tuple(dict.fromkeys(s.pod or s.node for s in bad))
            yield replace(
                hint,
                severity=Severity.WARNING if hint.scope.pods else Severity.CRITICAL,
                confidence=Confidence.MEDIUM,
                evidence=(*hint.evidence, *(line for s in bad[:4] for line in s.evidence[:1])),
                scope=replace(hint.scope, pods=places) if hint.scope.pods else replace(hint.scope, nodes=places),
            )


def _in_pods(hint: Finding, matrix: Matrix) -> list[Signal]:
    """Raw questions that such a pod loses or gets wrong, while its node's probe and the pod's settings are fine."""
    found = []
    for pod in hint.scope.pods:
        if any(pod in f.scope.pods for f in matrix.findings):
            continue
        own = [s for s in matrix.signals if s.pod == pod and s.bad and s.path in (Path.CLUSTER_IP, Path.CLIENT)]
        nodes = {s.node for s in own}
        free = all(matrix.cleared("netpol-egress-denies-53", node) for node in nodes)
        if own and free and all(alive(matrix.cells(Path.CLUSTER_IP, node=node)) for node in nodes):
            found += own
    return found


def _on_nodes(hint: Finding, matrix: Matrix) -> list[Signal]:
    """Nodes that reach no CoreDNS pod, while others do."""
    others = [s for s in matrix.cells(Path.REPLICA) if s.node not in hint.scope.nodes]
    if not any(s.effect not in SILENCE for s in others):
        return []
    cells = [(node, matrix.cells(Path.REPLICA, node=node)) for node in hint.scope.nodes]
    return [s for node, column in cells if silent(column) for s in column if s.effect is not Effect.OK]
