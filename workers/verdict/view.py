"""The differential matrix as rules ask it: cells of a column, what is dead or alive in it, what was named or ruled out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contract.model import Effect, Excluded, Finding, NameKind, Path, Severity, Signal

from .explains import DEAD

SILENCE = (Effect.SILENT, Effect.UNREACHABLE, Effect.FAILED)


class Matrix:
    """The signals by node, the findings above INFO, and what was ruled out."""

    def __init__(
        self, signals: Sequence[Signal], findings: Sequence[Finding] = (), excluded: Sequence[Excluded] = ()
    ) -> None:
        self.signals, self.excluded = signals, excluded
        self.findings = [f for f in findings if f.severity is not Severity.INFO]
        self.nodes = tuple(dict.fromkeys(s.node for s in signals if s.node and not s.pod))

    def cells(
        self,
        path: Path,
        *,
        node: str = "",
        server: str = "",
        transport: str = "",
        kind: NameKind = NameKind.INTERNAL,
    ) -> list[Signal]:
        """Cells of a column that nodes (not pods) asked, by default for the cluster's own name."""
        return [
            s
            for s in self.signals
            if s.path is path
            and not s.pod
            and s.kind is kind
            and (not node or s.node == node)
            and (not server or s.server == server)
            and (not transport or s.transport == transport)
        ]

    def named(self, codes: Iterable[str], node: str) -> bool:
        """Whether a finding already speaks of that node with one of these codes."""
        return any(
            f.code in codes and not f.scope.pods and (not f.scope.nodes or node in f.scope.nodes) for f in self.findings
        )

    def cleared(self, code: str, node: str) -> Excluded | None:
        """The evidence that a code is not at work on a node, where a step gave it."""
        return next(
            (e for e in self.excluded if e.code == code and (not e.scope.nodes or node in e.scope.nodes)),
            None,
        )

    def all_cleared(self, codes: Iterable[str], node: str) -> bool:
        """Whether every one of the codes was ruled out on a node."""
        return all(self.cleared(code, node) for code in codes)


def dead(cells: Sequence[Signal]) -> bool:
    """Whether there are cells, and none of them gets through reliably."""
    return bool(cells) and all(s.effect in DEAD and s.effect is not Effect.SLOW for s in cells)


def silent(cells: Sequence[Signal]) -> bool:
    """Whether there are cells, and not one question of theirs came back."""
    return bool(cells) and all(s.effect in SILENCE for s in cells)


def alive(cells: Sequence[Signal]) -> bool:
    """Whether a cell is answered."""
    return any(s.effect is Effect.OK for s in cells)


def whole(cells: Sequence[Signal]) -> bool:
    """Whether there are cells, and all are answered."""
    return bool(cells) and all(s.effect is Effect.OK for s in cells)
