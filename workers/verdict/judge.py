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
    Effect,
    Excluded,
    Finding,
    NotChecked,
    Outcome,
    Path,
    Question,
    RuledOut,
    Severity,
    Signal,
    Status,
    StepResult,
    Verdict,
)
from workers.cluster.names import plain, under

from .candidates import Candidate, candidates
from .consequences import BY_ELIMINATION
from .infer import infer
from .words import summary, unexplained_lines

SURE = {Confidence.HIGH: 3, Confidence.MEDIUM: 2, Confidence.LOW: 1}
MOST = 6
"""More causes than these at once are not searched for: the rest stays unexplained."""
LEAST = ("coredns-colocated-or-under-replicated", "addon-owner-conflict")
"""Risks that come last among the risks: they are about what may be lost, not about what is set wrong."""
ESSENTIAL = ("dns-through-cluster-ip", "coredns-processes", "dns-to-each-replica")
"""Steps of which one must have looked before anybody may say healthy."""


def judge(question: Question, steps: Sequence[StepResult]) -> Verdict:
    """The verdict on all steps of a run. Pure: the same steps give the same verdict."""
    signals = [s for step in steps for s in step.signals]
    excluded = [e for step in steps for e in step.excluded]
    raised = [
        f for step in steps for f in step.findings if f.severity is not Severity.INFO and _may(f, question, steps)
    ]
    hints = [f for step in steps for f in step.findings if f.severity is Severity.INFO]
    raised += infer(signals, raised, excluded, hints)
    standing, denied = candidates(raised, signals)
    symptoms = [s for s in signals if s.bad]
    causes = _named(standing, symptoms)
    left = [s for s in symptoms if not any(c.explains(s) for c in causes)]
    unexplained = unexplained_lines(left, signals, steps)
    status = _status(causes, symptoms, unexplained, steps)
    return Verdict(
        status=status,
        summary=summary(status, question, [c.whole for c in causes], unexplained, steps),
        causes=tuple(_cause(c, symptoms) for c in causes),
        ruled_out=_ruled_out(causes, denied, [e for e in excluded if not _doubtful(e, signals)]),
        unexplained=unexplained,
        not_checked=_not_checked(status, steps),
    )


def _may(finding: Finding, question: Question, steps: Sequence[StepResult]) -> bool:
    """Whether what is only left over may be named: the steps that could know better saw nothing, and nothing against it."""
    if finding.confidence is not Confidence.LOW or finding.code not in BY_ELIMINATION:
        return True
    against = [zone for s in steps for e in s.excluded if e.code == finding.code for zone in e.scope.zones]
    if any(under(plain(question.name), zone) for zone in against):
        return False
    quiet = {s.check for s in steps if s.outcome in (Outcome.OK, Outcome.SKIPPED)}
    return set(BY_ELIMINATION[finding.code]) <= quiet


def _named(standing: Sequence[Candidate], symptoms: Sequence[Signal]) -> list[Candidate]:
    """The causes to name, most likely first."""
    covered = {c.code: frozenset(i for i, s in enumerate(symptoms) if c.explains(s)) for c in standing}
    by_code = {c.code: c.whole for c in standing}
    cover = _cover(covered, by_code)
    chosen = [c for c in standing if c.code in cover or c.sure]
    return sorted(chosen, key=lambda c: _rank(c, len(covered[c.code]), c.code in cover))


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


def _rank(cause: Candidate, explained: int, in_cover: bool) -> tuple[object, ...]:  # noqa: FBT001 - one caller
    return (
        not in_cover,
        CODES[cause.code].status != Status.PROBLEM or cause.ahead,
        cause.code in LEAST,
        -SURE[cause.whole.confidence],
        cause.whole.severity is not Severity.CRITICAL,
        -explained,
        CODES[cause.code].id,
    )


def _not_checked(status: Status, steps: Sequence[StepResult]) -> tuple[NotChecked, ...]:
    """Steps that could not look; where nothing was seen, all that did not."""
    blind = [s for s in steps if s.because and s.outcome is not Outcome.SKIPPED]
    if not blind and status is Status.CANNOT_SEE:
        blind = [s for s in steps if s.outcome is not Outcome.OK]
    return tuple(NotChecked(check=s.check, because=s.because or s.summary, grant=s.grant) for s in blind)


def _status(
    causes: Sequence[Candidate], symptoms: Sequence[Signal], unexplained: Sequence[str], steps: Sequence[StepResult]
) -> Status:
    if unexplained or any(_breaks(c, symptoms) for c in causes):
        return Status.PROBLEM
    if causes:
        return Status.AT_RISK
    return Status.HEALTHY if _seen_enough(steps) else Status.CANNOT_SEE


def _breaks(cause: Candidate, symptoms: Iterable[Signal]) -> bool:
    """Whether the cause makes a problem: its code says so, or a symptom does."""
    lasting = CODES[cause.code].status == Status.PROBLEM and not cause.ahead
    return lasting or any(cause.explains(s) for s in symptoms)


def _seen_enough(steps: Sequence[StepResult]) -> bool:
    """Whether DNS itself was seen to answer; where only some steps were asked for, whether any of them could look."""
    essential = [s for s in steps if s.check in ESSENTIAL]
    looked = {Outcome.OK, Outcome.PROBLEM}
    if any(s.outcome in looked or any(not g.bad for g in s.signals) for s in essential):
        return True
    if essential and not all(s.outcome is Outcome.SKIPPED for s in essential):
        return False
    return any(s.outcome in looked for s in steps)


def _cause(candidate: Candidate, symptoms: Sequence[Signal]) -> Cause:
    finding = candidate.whole
    explained = [s for s in symptoms if candidate.explains(s)]
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


def _doubtful(excluded: Excluded, signals: Sequence[Signal]) -> bool:
    """Whether a packet limit was ruled out by a low rate, while a name server behind CoreDNS answers only sometimes.

    The rate counts the questions that were answered: those that are dropped are not in it.
    """
    if excluded.code != "eni-pps-throttle":
        return False
    behind = [s for s in signals if s.path is Path.UPSTREAM]
    lost = {s.server for s in behind if s.effect in (Effect.SILENT, Effect.LOSSY)}
    return bool(lost & {s.server for s in behind if s.effect in (Effect.OK, Effect.LOSSY)})


def _ruled_out(
    causes: Sequence[Candidate], denied: Sequence[RuledOut], excluded: Sequence[Excluded]
) -> tuple[RuledOut, ...]:
    """What answers contradict, and what steps found not to be so; nothing that is named."""
    named = {c.code for c in causes}
    found: dict[str, RuledOut] = {}
    for one in denied:
        if one.code not in named:
            found.setdefault(one.code, one)
    for other in excluded:
        if other.code not in named:
            found.setdefault(other.code, RuledOut(code=other.code, because=other.because))
    order = list(CODES)
    return tuple(sorted(found.values(), key=lambda r: order.index(r.code)))
