"""Candidates for a cause: the findings of one code, without the places where answers contradict them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from contract.catalogue import CODES
from contract.model import Confidence, Finding, RuledOut, Scope, Severity, Signal, Status

from .consequences import ANYWHERE, SAME_PLACE, SAME_SERVERS, UNSURE
from .match import explains, narrowed, within

PLACES = ("nodes", "pods", "servers", "pairs", "zones")
AHEAD = frozenset({"corefile-no-or-bad-forward", "eni-pps-throttle", "stub-domain-dead"})
"""Causes of which a warning says what comes, as it was measured: they are a risk until something shows."""
ON_NODES = ("conntrack-table-full", "node-firewall-drops-53")


@dataclass(frozen=True, slots=True)
class Candidate:
    """The findings of one code. whole: them as one."""

    parts: tuple[Finding, ...]
    whole: Finding

    @property
    def code(self) -> str:
        """The code that they share."""
        return self.whole.code

    @property
    def sure(self) -> bool:
        """Whether it needs no symptom: a part that cannot work as it stands, or a risk, seen for sure.

        What is wrong with pods' own settings shows from inside those pods only, where no probe has been: it stands unless
        it is a mere hint.
        """
        return any(_stands_alone(part) for part in self.parts)

    @property
    def ahead(self) -> bool:
        """Whether it has not come yet, as far as the finding itself says."""
        return all(_comes(part) for part in self.parts)

    def explains(self, symptom: Signal) -> bool:
        """Whether one of its findings makes the symptom."""
        return any(explains(part, symptom) for part in self.parts)


def _stands_alone(finding: Finding) -> bool:
    if finding.scope.pods and CODES[finding.code].status == Status.PROBLEM:
        return finding.confidence is not Confidence.LOW
    return finding.confidence is Confidence.HIGH or _comes(finding)


def _comes(finding: Finding) -> bool:
    measured = finding.confidence is not Confidence.LOW
    return finding.code in AHEAD and finding.severity is Severity.WARNING and measured


def candidates(
    raised: Sequence[Finding], signals: Sequence[Signal]
) -> tuple[tuple[Candidate, ...], tuple[RuledOut, ...]]:
    """What stands against the answers, one a code, and what they rule out."""
    kept: list[Finding] = []
    denied: list[RuledOut] = []
    for one in raised:
        left = narrowed(one, signals)
        if isinstance(left, Finding):
            kept.append(_with_its_servers(left, signals))
        else:
            line = left.evidence[0] if left.evidence else left.summary
            denied.append(RuledOut(code=one.code, because=f"{one.summary} But it was answered: {line}"))
    codes = {f.code for f in kept}
    return _roots(kept, signals), tuple(d for d in denied if d.code not in codes)


def _with_its_servers(finding: Finding, signals: Sequence[Signal]) -> Finding:
    """A node that drops packets keeps others from the CoreDNS pods that run on it, too."""
    scope = finding.scope
    if finding.code not in ON_NODES or not scope.nodes or scope.servers:
        return finding
    there = dict.fromkeys(s.server for s in signals if s.same_node and s.node in scope.nodes and s.server)
    return replace(finding, scope=replace(scope, servers=tuple(there)))


def _roots(kept: Sequence[Finding], signals: Sequence[Signal]) -> tuple[Candidate, ...]:
    """Without what is the consequence of another finding that is sure or shows."""
    symptoms = [s for s in signals if s.bad]
    at_work = [f for f in kept if _stands_alone(f) or any(explains(f, s) for s in symptoms)]
    groups: dict[str, list[Finding]] = {}
    for one in kept:
        if not any(_brings(other, one) for other in at_work):
            groups.setdefault(one.code, []).append(one)
    for same in groups.values():
        same.sort(key=lambda f: -sum(explains(f, s) for s in symptoms))  # what shows is said first
    return tuple(Candidate(tuple(same), merge(same)) for same in groups.values())


def _brings(cause: Finding, lesser: Finding) -> bool:
    """Whether the one is a consequence of the other, or a vaguer word for it."""
    if lesser.code in ANYWHERE.get(cause.code, ()):
        return True
    if lesser.code in UNSURE.get(cause.code, ()):
        return lesser.confidence is not Confidence.HIGH
    if lesser.code in SAME_SERVERS.get(cause.code, ()):
        return bool(lesser.scope.servers) and set(lesser.scope.servers) <= set(cause.scope.servers)
    return lesser.code in SAME_PLACE.get(cause.code, ()) and within(lesser.scope, cause.scope)


def merge(same: Sequence[Finding]) -> Finding:
    """Findings of one code as one: the surest, then the worst first, subjects, evidence and scopes together."""
    if len(same) == 1:
        return same[0]
    order = sorted(same, key=lambda f: (f.confidence is not Confidence.HIGH, f.severity is not Severity.CRITICAL))
    first = order[0]
    also = list(dict.fromkeys(f.subject for f in order if _apart(f, first)))
    more = f"; the same holds for {_joined(also[:3])}" + (f" and {len(also) - 3} more" if len(also) > 3 else "")
    pods = {pod for f in order for pod in f.scope.pods if f.subject == first.subject} - set(first.scope.pods)
    more = more if also else f"; the same holds for {len(pods)} more pods"
    return replace(
        first,
        summary=f"{first.summary.rstrip('.')}{more}." if also or pods else first.summary,
        subject=_joined(f.subject for f in order),
        evidence=tuple(dict.fromkeys(line for f in order for line in f.evidence))[:24],
        commands=tuple(dict.fromkeys(c for f in order for c in f.commands))[:12],
        change=next((f.change for f in order if f.change), ""),
        scope=_together([f.scope for f in order]),
    )


def _apart(finding: Finding, first: Finding) -> bool:
    """Whether it is the same thing elsewhere, rather than another sight of the same."""
    shapes = [{f for f in PLACES if getattr(one.scope, f)} for one in (finding, first)]
    return bool(shapes[0]) and shapes[0] == shapes[1] and finding.subject not in ("", first.subject)


def _joined(subjects: Iterable[str]) -> str:
    """Subjects, as many as a line holds whole."""
    shown = list(dict.fromkeys(s for s in subjects if s))
    while len(", ".join(shown)) > 500:
        shown.pop()
    return ", ".join(shown)


def _together(scopes: Sequence[Scope]) -> Scope:
    fields = ("nodes", "servers", "kinds", "transports", "pods", "zones", "pairs")
    return Scope(
        **{
            name: tuple(dict.fromkeys(item for scope in scopes for item in getattr(scope, name)))
            if all(getattr(scope, name) for scope in scopes)
            else ()
            for name in fields
        }
    )
