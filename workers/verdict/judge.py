"""Judging: the smallest set of causes that explains every symptom, and what the evidence says of all the others.

A finding stands for itself when it is sure (a part that cannot work as it stands) or when it is needed to explain a symptom.
One that the answers contradict is ruled out; one that is only the consequence of another is not named beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from contract.catalogue import CODES, source_of
from contract.model import (
    Cause,
    Confidence,
    Excluded,
    Finding,
    NotChecked,
    Outcome,
    Question,
    RuledOut,
    Severity,
    Signal,
    Status,
    StepResult,
    Verdict,
)

from .explains import HIDES
from .infer import infer, merge
from .match import contradiction, explains
from .words import summary, unexplained_lines

SURE = {Confidence.HIGH: 3, Confidence.MEDIUM: 2, Confidence.LOW: 1}
MOST = 6
"""More causes than these at once are not searched for: the rest stays unexplained."""
ESSENTIAL = ("dns-through-cluster-ip", "coredns-processes", "dns-to-each-replica")
"""Steps of which one must have looked before anybody may say healthy."""


def judge(question: Question, steps: Sequence[StepResult]) -> Verdict:
    """The verdict on all steps of a run. Pure: the same steps give the same verdict."""
    signals = [s for step in steps for s in step.signals]
    excluded = [e for step in steps for e in step.excluded]
    raised = [f for step in steps for f in step.findings if f.severity is not Severity.INFO]
    raised += infer(signals, raised, excluded)
    standing, denied = _sorted_out(raised, signals)
    symptoms = [s for s in signals if s.bad]
    causes = _named(standing, symptoms)
    left = [s for s in symptoms if not any(explains(f, s) for f in causes)]
    return _verdict(question, steps, causes, symptoms, left, denied, excluded)


def _sorted_out(raised: Sequence[Finding], signals: Sequence[Signal]) -> tuple[list[Finding], list[RuledOut]]:
    """One candidate a code, and those that an answer contradicts."""
    kept: dict[str, list[Finding]] = {}
    denied: list[RuledOut] = []
    for one in raised:
        against = contradiction(one, signals)
        if against is None:
            kept.setdefault(one.code, []).append(one)
        else:
            line = against.evidence[0] if against.evidence else against.summary
            denied.append(RuledOut(code=one.code, because=f"{one.summary} But it was answered: {line}"))
    return [merge(same) for same in kept.values()], [d for d in denied if d.code not in kept]


def _named(candidates: Sequence[Finding], symptoms: Sequence[Signal]) -> list[Finding]:
    """The causes to name, most likely first."""
    covered = {f.code: frozenset(i for i, s in enumerate(symptoms) if explains(f, s)) for f in candidates}
    by_code = {f.code: f for f in candidates}
    hidden = {lesser for f in candidates if _at_work(f, covered) for lesser in HIDES.get(f.code, frozenset())}
    open_codes = [c for c in by_code if c not in hidden]
    cover = _cover({c: covered[c] for c in open_codes}, by_code)
    chosen = set(cover) | {c for c in open_codes if _stands_alone(by_code[c])}
    ordered = sorted(chosen, key=lambda c: _rank(by_code[c], len(covered[c]), c in cover))
    return [by_code[c] for c in ordered]


def _at_work(finding: Finding, covered: dict[str, frozenset[int]]) -> bool:
    """Whether a cause may hide its consequences: it is sure, or it explains something."""
    return finding.confidence is Confidence.HIGH or bool(covered[finding.code])


def _stands_alone(finding: Finding) -> bool:
    """Whether a finding needs no symptom: a part that cannot work as it stands, or a risk, seen for sure.

    What is wrong with pods' own settings shows from inside those pods only, where no probe has been: it stands unless it
    is a mere hint.
    """
    if finding.scope.pods and CODES[finding.code].status == Status.PROBLEM:
        return finding.confidence is not Confidence.LOW
    return finding.confidence is Confidence.HIGH


def _cover(covered: dict[str, frozenset[int]], by_code: dict[str, Finding]) -> tuple[str, ...]:
    """The smallest, then surest, set of codes that explains all that can be explained."""
    useful = [c for c in covered if covered[c]]
    goal = frozenset().union(*(covered[c] for c in useful)) if useful else frozenset()
    for size in range(1, min(MOST, len(useful)) + 1):
        fitting = [
            group for group in combinations(useful, size) if frozenset().union(*(covered[c] for c in group)) == goal
        ]
        if fitting:
            return max(fitting, key=lambda group: sum(_weight(by_code[c], len(covered[c])) for c in group))
    return tuple(useful)


def _weight(finding: Finding, explained: int) -> float:
    critical = finding.severity is Severity.CRITICAL
    lasting = CODES[finding.code].status == Status.PROBLEM
    return SURE[finding.confidence] * 10 + critical * 3 + lasting * 5 + min(explained, 50) / 100 - _breadth(finding)


def _breadth(finding: Finding) -> float:
    """A cause that is said of a certain place explains more than one that could be anywhere."""
    scope = finding.scope
    return 0.0 if any((scope.nodes, scope.servers, scope.pods, scope.zones, scope.pairs)) else 0.5


def _rank(finding: Finding, explained: int, in_cover: bool) -> tuple[object, ...]:  # noqa: FBT001 - one caller
    return (
        not in_cover,
        CODES[finding.code].status != Status.PROBLEM,
        -SURE[finding.confidence],
        finding.severity is not Severity.CRITICAL,
        -explained,
        CODES[finding.code].id,
    )


def _verdict(
    question: Question,
    steps: Sequence[StepResult],
    causes: Sequence[Finding],
    symptoms: Sequence[Signal],
    left: Sequence[Signal],
    denied: Sequence[RuledOut],
    excluded: Sequence[Excluded],
) -> Verdict:
    not_checked = tuple(
        NotChecked(check=s.check, because=s.because or s.summary, grant=s.grant)
        for s in steps
        if s.because and _blind(s)
    )
    named = tuple(_cause(f, symptoms) for f in causes)
    unexplained = unexplained_lines(left)
    status = _status(causes, symptoms, unexplained, steps)
    return Verdict(
        status=status,
        summary=summary(status, question, causes, unexplained, steps),
        causes=named,
        ruled_out=_ruled_out(causes, denied, excluded),
        unexplained=unexplained,
        not_checked=not_checked or _nothing_seen(status, steps),
    )


def _blind(step: StepResult) -> bool:
    return step.outcome is not Outcome.SKIPPED


def _nothing_seen(status: Status, steps: Sequence[StepResult]) -> tuple[NotChecked, ...]:
    if status is not Status.CANNOT_SEE:
        return ()
    return tuple(
        NotChecked(check=s.check, because=s.summary, grant=s.grant) for s in steps if s.outcome is not Outcome.OK
    )


def _status(
    causes: Sequence[Finding], symptoms: Sequence[Signal], unexplained: Sequence[str], steps: Sequence[StepResult]
) -> Status:
    if unexplained or any(_breaks(f, symptoms) for f in causes):
        return Status.PROBLEM
    if causes:
        return Status.AT_RISK
    return Status.HEALTHY if _seen_enough(steps) else Status.CANNOT_SEE


def _breaks(finding: Finding, symptoms: Iterable[Signal]) -> bool:
    """Whether the cause makes a problem: its code says so, or a symptom does."""
    return CODES[finding.code].status == Status.PROBLEM or any(explains(finding, s) for s in symptoms)


def _seen_enough(steps: Sequence[StepResult]) -> bool:
    """Whether DNS itself was seen to answer; where only some steps were asked for, whether any of them could look."""
    essential = [s for s in steps if s.check in ESSENTIAL]
    looked = {Outcome.OK, Outcome.PROBLEM}
    if any(s.outcome in looked or any(not g.bad for g in s.signals) for s in essential):
        return True
    if essential and not all(s.outcome is Outcome.SKIPPED for s in essential):
        return False
    return any(s.outcome in looked for s in steps)


def _cause(finding: Finding, symptoms: Sequence[Signal]) -> Cause:
    explained = [s for s in symptoms if explains(finding, s)]
    evidence = [*finding.evidence, *(line for s in explained[:3] for line in s.evidence[:1])]
    return Cause(
        code=finding.code,
        confidence=finding.confidence,
        summary=finding.summary,
        subject=finding.subject,
        evidence=tuple(dict.fromkeys(line for line in evidence if line.strip())),
        fix=finding.fix,
        commands=tuple(c for c in finding.commands if c.strip()),
        change=finding.change,
        source=source_of(finding.code),
    )


def _ruled_out(
    causes: Sequence[Finding], denied: Sequence[RuledOut], excluded: Sequence[Excluded]
) -> tuple[RuledOut, ...]:
    """What answers contradict, and what steps found not to be so; nothing that is named."""
    named = {f.code for f in causes}
    found: dict[str, RuledOut] = {}
    for one in denied:
        if one.code not in named:
            found.setdefault(one.code, one)
    for other in excluded:
        if other.code not in named:
            found.setdefault(other.code, RuledOut(code=other.code, because=other.because))
    order = list(CODES)
    return tuple(sorted(found.values(), key=lambda r: order.index(r.code)))
