"""The runner: every check collects at the same time, the results come in the order of the checks.

It knows neither Slack nor rq: the thread, the terminal, the JSON and the facts file are consumers of the same generator.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import msgspec

from contract.decoding import learn
from contract.model import Excluded, Finding, Outcome, Severity, Signal, StepResult

from .checks import Check
from .cluster import CannotRead, Cluster, DoesNotApply, Gap

log = logging.getLogger(__name__)

STEP_SECONDS = 45.0
"""A step that takes longer is given up: its thread goes on alone, and ends by the deadlines of its calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a step saw, as the facts file keeps it. facts: JSON-able, None where nothing could be read or it was skipped."""

    check: str
    facts: Any = None
    cannot_read: Gap | None = None
    skipped: str = ""
    broken: str = ""
    seconds: float = 0.0


learn(Kept)

Keep = Callable[[Kept], None]


def run(checks: Sequence[Check[Any]], cluster: Cluster, keep: Keep | None = None) -> Iterator[StepResult]:
    """Collect at the same time, yield one result a check in order. A check that fails never hides the next."""
    began = time.monotonic()
    running = [_start(check, cluster) for check in checks]
    for check, future in zip(checks, running, strict=True):
        try:
            kept, facts = future.result(timeout=max(0.0, began + STEP_SECONDS - time.monotonic()))
        except TimeoutError:
            reason = f"it took longer than {STEP_SECONDS:.0f} s"
            kept, facts = (
                Kept(check=check.name, cannot_read=Gap(what=check.name, reason=reason), seconds=STEP_SECONDS),
                None,
            )
        if keep is not None:
            keep(kept)
        yield judged(check, kept, facts)


def _start(check: Check[Any], cluster: Cluster) -> Future[tuple[Kept, Any]]:
    """Collect in a daemon thread, so that a hung call never holds the process."""
    future: Future[tuple[Kept, Any]] = Future()

    def work() -> None:
        future.set_result(collected(check, cluster))

    threading.Thread(target=work, name=f"check-{check.name}", daemon=True).start()
    return future


def collected(check: Check[Any], cluster: Cluster) -> tuple[Kept, Any]:
    """What a check's `collect` gave or why it gave nothing; it never raises."""
    began = time.monotonic()
    try:
        facts = check.collect(cluster)
    except CannotRead as problem:
        gap = Gap(what=f"{problem.verb} {problem.object}", reason=problem.reason, grant=problem.grant)
        return Kept(check=check.name, cannot_read=gap, seconds=time.monotonic() - began), None
    except DoesNotApply as reason:
        return Kept(check=check.name, skipped=str(reason), seconds=time.monotonic() - began), None
    except Exception as problem:
        log.exception("the check %s is broken", check.name)
        return Kept(check=check.name, broken=type(problem).__name__, seconds=time.monotonic() - began), None
    return Kept(check=check.name, facts=msgspec.to_builtins(facts), seconds=time.monotonic() - began), facts


def judged(check: Check[Any], kept: Kept, facts: Any = None) -> StepResult:
    """The step's result from what it kept; FACTS, where they are at hand, save decoding them."""
    if kept.cannot_read is not None:
        gap = kept.cannot_read
        return _blind(check, kept, f"could not look: {gap.what}: {gap.reason}", gap)
    if kept.skipped:
        return StepResult(
            check=check.name, title=check.title, outcome=Outcome.SKIPPED, summary=kept.skipped, because=kept.skipped,
            seconds=kept.seconds,
        )  # fmt: skip
    if kept.broken:
        reason = f"the check itself is broken ({kept.broken}); the log has the traceback"
        return _blind(check, kept, reason, Gap(what=check.name, reason=reason))
    if facts is None:
        facts = msgspec.convert(kept.facts, check.facts)
    return _result(check, kept, facts)


def _blind(check: Check[Any], kept: Kept, summary: str, gap: Gap) -> StepResult:
    return StepResult(
        check=check.name, title=check.title, outcome=Outcome.UNKNOWN, summary=summary, seconds=kept.seconds,
        because=f"{gap.what}: {gap.reason}", grant=gap.grant,
    )  # fmt: skip


def _result(check: Check[Any], kept: Kept, facts: Any) -> StepResult:
    seen = tuple(check.diagnose(facts))
    findings = tuple(one for one in seen if isinstance(one, Finding))
    signals = tuple(one for one in seen if isinstance(one, Signal))
    gaps: tuple[Gap, ...] = getattr(facts, "gaps", ())
    outcome = outcome_of(findings, signals, gaps)
    worst = [f for f in findings if f.severity is not Severity.INFO]
    summary = worst[0].summary if worst else check.describe(facts)
    if outcome is Outcome.PROBLEM and not worst:
        bad = [s for s in signals if s.bad]
        summary = bad[0].summary + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")
    return StepResult(
        check=check.name,
        title=check.title,
        outcome=outcome,
        summary=summary if outcome is not Outcome.UNKNOWN else f"could not look: {gaps[0].what}: {gaps[0].reason}",
        seconds=kept.seconds,
        findings=findings,
        signals=signals,
        excluded=tuple(one for one in seen if isinstance(one, Excluded)),
        because="; ".join(f"{gap.what}: {gap.reason}" for gap in gaps),
        grant="; ".join(dict.fromkeys(gap.grant for gap in gaps if gap.grant)),
    )


def outcome_of(findings: Sequence[Finding], signals: Sequence[Signal], gaps: Sequence[Gap]) -> Outcome:
    """A problem outweighs a gap: what could be seen is broken, whatever else could not be."""
    if any(f.severity is not Severity.INFO for f in findings) or any(s.bad for s in signals):
        return Outcome.PROBLEM
    return Outcome.UNKNOWN if gaps else Outcome.OK


def facts_of(kept: Sequence[Kept]) -> Mapping[str, Any]:
    """What the facts file holds of the steps."""
    return {one.check: msgspec.to_builtins(one) for one in kept}
