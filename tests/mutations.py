"""Every way to take one observation away from a run: a step, a finding, a signal, an exclusion, or a step's sight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contract.model import Outcome, StepResult


def mutations(steps: Sequence[StepResult]) -> Iterator[tuple[str, list[StepResult]]]:
    """What was taken away in words, and the steps without it."""
    for at, step in enumerate(steps):
        yield f"step {step.check}", [*steps[:at], *steps[at + 1 :]]
        yield f"sight of {step.check}", _with(steps, at, _unknown(step))
        for number, finding in enumerate(step.findings):
            kept = step.findings[:number] + step.findings[number + 1 :]
            yield f"finding {finding.code} of {step.check}", _with(steps, at, replace(step, findings=kept))
        for number, signal in enumerate(step.signals):
            left = step.signals[:number] + step.signals[number + 1 :]
            yield f"signal of {step.check}: {signal.summary}", _with(steps, at, replace(step, signals=left))
        for number, one in enumerate(step.excluded):
            rest = step.excluded[:number] + step.excluded[number + 1 :]
            yield f"exclusion of {one.code} by {step.check}", _with(steps, at, replace(step, excluded=rest))


def _with(steps: Sequence[StepResult], at: int, step: StepResult) -> list[StepResult]:
    return [*steps[:at], step, *steps[at + 1 :]]


def _unknown(step: StepResult) -> StepResult:
    return StepResult(
        check=step.check,
        title=step.title,
        outcome=Outcome.UNKNOWN,
        summary="could not look: 403 forbidden",
        because=f"{step.check}: 403 forbidden",
        grant=f"a right for {step.check}",
    )
