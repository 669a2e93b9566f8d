"""What is shown of a run, and the words and signs for its states."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from contract.blocks.text import code, duration, line, mention, mrkdwn
from contract.figures import counted
from contract.model import Outcome, Question, Severity, Status, StepResult, Verdict

State = Literal["queued", "running", "resuming", "done", "stopped", "given-up"]

ACTIVE: frozenset[State] = frozenset({"queued", "running", "resuming"})
"""The states in which a run still goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as people see it.

    run: its id. asked_by, joined, stopped_by: Slack user ids, "" for a schedule. started: seconds since 1970, 0 before.
    seconds: how long it took so far. planned: (check name, title) of all steps in order. steps: those that ended.
    note: one plain sentence about the state, or "". number: the how-many-th run under its message it is.
    """

    run: str
    cluster: str
    question: Question
    state: State
    asked_by: str = ""
    joined: tuple[str, ...] = ()
    started: float = 0.0
    seconds: float = 0.0
    planned: tuple[tuple[str, str], ...] = ()
    steps: tuple[StepResult, ...] = ()
    verdict: Verdict | None = None
    note: str = ""
    stopped_by: str = ""
    number: int = 1


STATUS_WORDS = {
    Status.HEALTHY: "Healthy",
    Status.PROBLEM: "Problem",
    Status.AT_RISK: "At risk",
    Status.CANNOT_SEE: "Cannot see",
}
STATUS_SIGNS = {
    Status.HEALTHY: ":large_green_circle:",
    Status.PROBLEM: ":red_circle:",
    Status.AT_RISK: ":large_yellow_circle:",
    Status.CANNOT_SEE: ":white_circle:",
}
_STATES: dict[State, tuple[str, str]] = {
    "queued": ("Queued", ":hourglass:"),
    "running": ("Running", ":hourglass_flowing_sand:"),
    "resuming": ("Running", ":warning:"),
    "done": ("Done", ":ballot_box_with_check:"),
    "stopped": ("Stopped", ":black_square_for_stop:"),
    "given-up": ("Given up", ":black_square_for_stop:"),
}
_SIGNS = {
    Outcome.OK: ":white_check_mark:",
    Outcome.PROBLEM: ":x:",
    Outcome.UNKNOWN: ":grey_question:",
    Outcome.SKIPPED: ":fast_forward:",
}


def is_risk(step: StepResult) -> bool:
    """Whether a problem step holds nothing worse than warnings: it works today."""
    severities = {finding.severity for finding in step.findings}
    failing = any(signal.bad for signal in step.signals)
    return Severity.CRITICAL not in severities and Severity.WARNING in severities and not failing


def sign_of(step: StepResult) -> str:
    """The emoji of a step."""
    if step.outcome is Outcome.PROBLEM and is_risk(step):
        return ":warning:"
    return _SIGNS[step.outcome]


def outcome_of(step: StepResult) -> str:
    """What a step saw, in words: an honest one also where it could not look. Plain text."""
    if step.outcome is Outcome.UNKNOWN:
        return f"could not look: {step.because or step.summary}"
    if step.outcome is Outcome.SKIPPED:
        return f"skipped: {step.because or step.summary}"
    if step.outcome is Outcome.PROBLEM:
        return f"{'risk' if is_risk(step) else 'problem'}: {step.summary}"
    return step.summary


def word_of(view: RunView) -> str:
    """The word that a message about this run begins with."""
    if view.state == "done" and view.verdict:
        return STATUS_WORDS[view.verdict.status]
    return _STATES[view.state][0]


def title_of(view: RunView) -> str:
    """The first line: status word, cluster, sign, what is to say about it, time taken. mrkdwn."""
    sign = STATUS_SIGNS[view.verdict.status] if view.verdict and view.state == "done" else _STATES[view.state][1]
    parts = [f"*{word_of(view)}*", f"{code(view.cluster, 100)} {sign} {_progress(view)}"]
    if view.state == "done":
        parts.append(duration(view.seconds))
    if view.number > 1:
        parts.append(f"run {view.number}")
    return " · ".join(parts)


def _progress(view: RunView) -> str:
    done, total = len(view.steps), max(len(view.planned), len(view.steps))
    if view.state == "done":
        return _result(view)
    if view.state == "queued":
        return "waiting for a worker"
    if view.state == "resuming":
        return f"worker lost, resuming after {done}/{total}"
    if view.state == "stopped":
        by = f" by {mention(view.stopped_by)}" if view.stopped_by else ""
        return f"stopped{by} after {done}/{total}"
    if view.state == "given-up":
        return f"given up after {done}/{total}"
    return f"{min(done + 1, total)} of {total}" if total else "starting"


def _result(view: RunView) -> str:
    if view.verdict is None:
        return "no verdict"
    causes = len(view.verdict.causes)
    found = {
        Status.HEALTHY: "nothing wrong found",
        Status.PROBLEM: f"{counted(causes, 'problem')} found" if causes else "cause not found",
        Status.AT_RISK: f"{counted(causes, 'risk')} found",
        Status.CANNOT_SEE: "could not check",
    }
    return found[view.verdict.status]


def summary_of(view: RunView, most: int) -> str:
    """The same in one sentence for notifications and screen readers. mrkdwn without signs."""
    said = view.verdict.summary if view.verdict and view.state == "done" else ""
    about = line(said, most) if said else _progress(view)
    return f"{word_of(view)} · {line(view.cluster, 100)} · {about}"


def asked(question: Question) -> str:
    """What was asked besides the cluster, or "". mrkdwn."""
    parts = [f"name {code(question.name)}"] if question.name else []
    parts += [f"pod {code(question.pod, 320)}"] if question.pod else []
    parts += [f"only {code(', '.join(question.only), 120)}"] if question.only else []
    return " · ".join(parts)


def tally(view: RunView) -> str:
    """4 ok · 2 problems. Plain text."""
    found = Counter(step.outcome for step in view.steps)
    parts = [f"{found[Outcome.OK]} ok"]
    parts += [counted(found[Outcome.PROBLEM], "problem")] if found[Outcome.PROBLEM] else []
    parts += [f"{found[Outcome.UNKNOWN]} could not look"] if found[Outcome.UNKNOWN] else []
    parts += [f"{found[Outcome.SKIPPED]} skipped"] if found[Outcome.SKIPPED] else []
    left = len(view.planned) - len(view.steps)
    parts += [f"{left} not run"] if left > 0 and view.state not in ACTIVE else []
    return " · ".join(parts)


def step_line(step: StepResult, number: int, total: int, most: int) -> str:
    """One step on one line. mrkdwn."""
    numbered = f"{number}/{total} " if number else ""
    return f"{sign_of(step)} *{numbered}{mrkdwn(step.title, most)}* · {line(outcome_of(step), most)}"
