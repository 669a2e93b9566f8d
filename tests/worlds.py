"""Whole clusters as facts: a recorded healthy run, in which cases of single checks and dark cells take places."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any

import msgspec

from contract.model import Effect, Outcome, Question, Severity, Signal, StepResult
from workers.checks import Check, all_checks
from workers.runner import Kept, judged

HERE = File(__file__).parent
CHECKS: Mapping[str, Check[Any]] = {check.name: check for check in all_checks()}
HEALTHY = HERE / "verdicts" / "healthy.json"
N1, N2, N3 = (f"ip-10-20-{number}-10.ec2.internal" for number in (1, 2, 3))
"""The nodes of the recorded run: the first and third hold a CoreDNS pod each."""
POD = re.compile(r"coredns-[0-9a-f]{8,10}-[a-z0-9]{5}|coredns-[ab12]\b")
ON_THIRD = ("25b4r", "dqjdx", "ngkpj")
"""Ends of the names of CoreDNS pods that a case has on the third node."""
Where = Callable[[Any], bool]


@cache
def _healthy() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(HEALTHY.read_text(encoding="utf-8"))
    return found


def _replicas() -> tuple[str, str]:
    cells = next(s for s in _healthy()["steps"] if s["check"] == "dns-to-each-replica")["facts"]["cells"]
    by_node = {cell["server_node"]: cell["server"].removeprefix("pod/") for cell in cells}
    return by_node[N1], by_node[N3]


X, Y = _replicas()
"""The CoreDNS pods of the recorded run, on the first and on the third node."""


@dataclass
class World:
    """The steps of a run as the facts file keeps them, changed as a fault would. name, pod: what was asked."""

    name: str = ""
    pod: str = ""
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.kept:
            self.kept = {step["check"]: copy.deepcopy(step) for step in _healthy()["steps"]}

    @property
    def question(self) -> Question:
        """What was asked."""
        return Question(cluster="cluster-a", name=self.name, pod=self.pod)

    def take(self, case: str, renamed: Mapping[str, str] | None = None) -> World:
        """The facts of `CHECK/CASE` in place of what the check saw; its CoreDNS pods are those of the recorded run."""
        text = (HERE / "checks" / f"{case}.json").read_text(encoding="utf-8")
        for old, new in (renamed or {}).items():
            text = text.replace(old, new)
        check = case.partition("/")[0]
        self.kept[check] = {"check": check, "facts": json.loads(_known(text))["facts"]}
        return self

    def skip(self, *checks: str) -> World:
        """Steps that have no meaning here."""
        for check in checks:
            self.kept[check] = {"check": check, "skipped": "there is nothing to ask"}
        return self

    def blind(self, check: str) -> World:
        """A step that could not look."""
        gap = {"what": check, "reason": "403 forbidden", "grant": f"a right for {check}"}
        self.kept[check] = {"check": check, "cannot_read": gap}
        return self

    def dark(self, effect: Effect, where: Where, seconds: float = 0.0) -> World:
        """Cells, lookups and answers over port-forward that fit, with another effect."""
        for step in self.kept.values():
            facts = step.get("facts") or {}
            for cell in facts.get("cells", ()):
                if "path" in cell and where(_seen(cell, "")):
                    _darken(cell, effect, seconds)
            if step["check"] == "dns-as-applications-ask":
                for one in facts.get("lookups", ()):
                    if where(_seen(one, "client")):
                        one |= {"effect": str(effect), "seconds": seconds or 5.0, "addresses": [], "error": str(effect)}
            if step["check"] == "coredns-processes":
                for one in facts.get("answers", ()):
                    if where(_seen({**one, "server": f"pod/{one['pod']}", "pod": ""}, "forward")):
                        one |= {"effect": str(effect)}
        return self

    def steps(self) -> list[StepResult]:
        """The steps, judged as the runner does, in its order."""
        return [_judged(check, json.dumps(self.kept[check])) for check in CHECKS if check in self.kept]


@cache
def _judged(check: str, kept: str) -> StepResult:
    return judged(CHECKS[check], msgspec.json.decode(kept, type=Kept))


def _known(text: str) -> str:
    found = sorted(set(POD.findall(text)), key=lambda name: not name.endswith(ON_THIRD))
    third = [name for name in found if name.endswith(ON_THIRD)]
    rest = [name for name in found if name not in third]
    names = dict(zip(third, (Y,), strict=False)) | dict(zip(rest, (X,) if third else (X, Y), strict=False))
    return POD.sub(lambda match: names.get(match[0], match[0]), text)


def _seen(cell: Mapping[str, Any], path: str) -> SimpleNamespace:
    seen: dict[str, Any] = dict.fromkeys(("node", "pod", "server", "transport", "server_node", "name"), "")
    seen |= {"path": path, **cell}
    return SimpleNamespace(**seen, same_node=seen["node"] == seen["server_node"] if seen["server_node"] else None)


def _darken(cell: dict[str, Any], effect: Effect, seconds: float) -> None:
    count = cell["questions"]
    lines = [line.rpartition(": ")[0] + f": {effect}" for line in cell["lines"]]
    cell |= {"seconds": seconds or cell["seconds"], "lines": lines}
    if effect is Effect.LOSSY:
        cell |= {"effects": [["ok", count]], "sent": 4 * count, "lost": 2 * count}
    elif effect is Effect.SLOW:
        cell |= {"effects": [["ok", count]], "seconds": seconds or 5.0}
    else:
        cell |= {"effects": [[str(effect), count]], "sent": 2 * count, "lost": 2 * count * (effect is Effect.SILENT)}


def through(cell: Any) -> bool:
    """What goes through the Service: its address, and pods' own settings."""
    return cell.path in ("cluster-ip", "client")


def together(one: World, other: World) -> tuple[Question, list[StepResult]]:
    """Two clusters' steps as one run of a cluster that has both faults."""
    mine, theirs = one.steps(), {step.check: step for step in other.steps()}
    plain = {step.check: step for step in World().steps()}
    steps = [_both(a, theirs[a.check], plain.get(a.check)) if a.check in theirs else a for a in mine]
    question = Question(cluster="cluster-a", name=one.name or other.name, pod=one.pod or other.pod)
    return question, steps


def _both(a: StepResult, b: StepResult, plain: StepResult | None) -> StepResult:
    """A step that saw both faults. A step that has no meaning under one fault has none under both."""
    if plain is not None and plain.outcome is not Outcome.SKIPPED:
        if Outcome.SKIPPED in (a.outcome, b.outcome):
            return a if a.outcome is Outcome.SKIPPED else b
    elif a.outcome is Outcome.SKIPPED:
        return b
    elif b.outcome is Outcome.SKIPPED:
        return a
    codes = {e.code for e in a.excluded} & {e.code for e in b.excluded}
    findings = tuple(dict.fromkeys((*a.findings, *b.findings)))
    signals = _worse(a.signals, b.signals)
    bad = any(f.severity is not Severity.INFO for f in findings) or any(s.bad for s in signals)
    return replace(
        a,
        outcome=Outcome.PROBLEM if bad else max(a.outcome, b.outcome),
        findings=findings,
        signals=signals,
        excluded=tuple(e for e in (*a.excluded, *b.excluded) if e.code in codes),
        because=a.because or b.because,
        grant=a.grant or b.grant,
    )


def _worse(a: Iterable[Signal], b: Iterable[Signal]) -> tuple[Signal, ...]:
    """Each cell as the worse of the two saw it."""
    cells: dict[tuple[object, ...], Signal] = {}
    for one in (*a, *b):
        key = (one.path, one.node, one.pod, one.server, one.kind, one.transport, one.zone)
        known = cells.get(key)
        if known is None or (one.bad and (not known.bad or known.effect is Effect.LOSSY)):
            cells[key] = one
    return tuple(cells.values())
