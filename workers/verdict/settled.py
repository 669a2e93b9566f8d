"""The steps beside their verdict: what one step took for a fault, and the answers of all contradict or do not confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contract.model import Outcome, Severity, Status, StepResult, Verdict


def settled(verdict: Verdict, steps: Sequence[StepResult]) -> tuple[StepResult, ...]:
    """The steps as they stand once the verdict is known: in a healthy cluster no step tells of a problem.

    A step judges by what it reads itself. Where the verdict says healthy, the answers of the other steps outweigh it: its
    findings become notes.
    """
    if verdict.status is not Status.HEALTHY:
        return tuple(steps)
    return tuple(_noted(step, verdict) if step.outcome is Outcome.PROBLEM else step for step in steps)


def _noted(step: StepResult, verdict: Verdict) -> StepResult:
    reasons = {one.code: one.because for one in verdict.ruled_out}
    against = next((reasons[f.code] for f in step.findings if f.code in reasons), "")
    return replace(
        step,
        outcome=Outcome.OK,
        summary=against or f"{step.summary} But nothing else confirms it.",
        findings=tuple(replace(finding, severity=Severity.INFO) for finding in step.findings),
    )
