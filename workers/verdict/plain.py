"""A whole run as plain text: for a file that somebody reads where there is neither Slack nor a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from contract.model import Cause, Report

_WORDS = {"healthy": "Healthy", "problem": "Problem", "at-risk": "At risk", "cannot-see": "Cannot see"}


def in_words(report: Report) -> str:
    """Everything that the verdict says, then every step; the first line begins with the status as a word."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    verdict = report.verdict
    yield f"{_WORDS[str(verdict.status)]}: {verdict.summary}"
    yield f"{report.cluster} · {report.run} · {report.started} · {report.seconds:.1f} s"
    for number, cause in enumerate(verdict.causes, 1):
        yield from _cause(number, cause)
    yield from _list("Not explained", verdict.unexplained)
    yield from _list("Ruled out", [f"{one.code}: {one.because}" for one in verdict.ruled_out])
    grants = [
        f"{one.check}: {one.because}" + (f" (needs: {one.grant})" if one.grant else "") for one in verdict.not_checked
    ]
    yield from _list("Could not be seen", grants)
    yield from _list("Steps", [f"{step.outcome:8} {step.title} - {step.summary}" for step in report.steps])


def _cause(number: int, cause: Cause) -> Iterator[str]:
    yield ""
    yield f"{number}. {cause.summary}"
    yield f"   {cause.code} · confidence {cause.confidence}" + (f" · {cause.subject}" if cause.subject else "")
    yield from (f"   | {line}" for line in cause.evidence)
    if cause.fix:
        yield f"   Fix: {cause.fix}"
    yield from (f"     $ {command}" for command in cause.commands)
    if cause.source:
        yield f"   {cause.source}"


def _list(title: str, lines: tuple[str, ...] | list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  - {line}" for line in lines)
