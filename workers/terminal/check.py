"""`dnsmedic check`: the whole diagnosis in a terminal, with a live list of the steps and then the verdict."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contract.model import NotChecked, Outcome, Question, Report, Status, StepResult, Verdict
from contract.redaction import redact
from contract.refusal import Refused
from workers.checks import Check, all_checks
from workers.cluster import CannotRead, open_cluster
from workers.runner import Kept, run
from workers.verdict import judge, settled
from workers.verdict.report import as_json, as_text, facts_file, moment, new_run

from .live import Live
from .show import show
from .targets import checked_name, checked_pod, entry_of

EXIT = {Status.HEALTHY: 0, Status.PROBLEM: 1, Status.AT_RISK: 1, Status.CANNOT_SEE: 3}


def check(*, cluster: str, name: str, pod: str, as_json: bool, only: tuple[str, ...], save: Path | None) -> int:
    """Diagnose one cluster and print the verdict. Raises Refused for what the caller got wrong."""
    question = Question(cluster=cluster, name=checked_name(name), pod=checked_pod(pod), only=only)
    entry = entry_of(cluster)
    checks = chosen(only)
    kept: list[Kept] = []
    began, started, run_id = time.monotonic(), moment(), new_run()
    steps: list[StepResult] = []
    live = Live(checks, quiet=as_json)
    try:
        image = os.environ.get("DNSMEDIC_PROBE_IMAGE", "").strip()
        with live, open_cluster(entry, question, run=run_id, asked_by=_who(), image=image) as opened:
            for step in run(checks, opened, keep=kept.append):
                steps.append(step)
                live.ended(step)
        verdict = judge(question, steps)
    except CannotRead as problem:
        steps, verdict = unseen(checks, problem)
    report = Report(
        cluster=entry.name,
        run=run_id,
        started=started,
        seconds=time.monotonic() - began,
        verdict=verdict,
        steps=settled(verdict, steps),
    )
    tell(report, as_json=as_json)
    if save is not None:
        save.write_text(redact(as_text(facts_file(question, report, kept))) + "\n", encoding="utf-8")
        sys.stderr.write(f"Facts written to {save}: `dnsmedic replay {save}` judges them again." + "\n")
    return EXIT[verdict.status]


def chosen(only: Sequence[str]) -> tuple[Check[Any], ...]:
    """The checks of these names, or all. Raises Refused for a name that is none."""
    every = all_checks()
    unknown = sorted(set(only) - {c.name for c in every})
    if unknown:
        raise Refused(f"no such check: {', '.join(unknown)}. `dnsmedic explain` lists them all.")
    return tuple(c for c in every if not only or c.name in only)


def unseen(checks: Sequence[Check[Any]], problem: CannotRead) -> tuple[list[StepResult], Verdict]:
    """The run of a cluster that nobody got in to: every step unknown for the same reason."""
    because = f"{problem.verb} {problem.object}: {problem.reason}"
    steps = [
        StepResult(
            check=c.name, title=c.title, outcome=Outcome.UNKNOWN, summary="not run: the cluster is not seen",
            because=because, grant=problem.grant,
        )
        for c in checks
    ]  # fmt: skip
    not_checked = tuple(NotChecked(check=s.check, because=because, grant=problem.grant) for s in steps)
    summary = f"The cluster could not be seen: {because}."
    return steps, Verdict(status=Status.CANNOT_SEE, summary=summary, not_checked=not_checked)


def tell(report: Report, *, as_json: bool) -> None:
    """Print a report: JSON for scripts, or the verdict for people."""
    if as_json:
        sys.stdout.write(redact(as_text(_json(report))) + "\n")
    else:
        show(report)


def _json(report: Report) -> dict[str, Any]:
    return as_json(report)


def _who() -> str:
    """The person at the terminal, for the name of an assumed role's session."""
    return os.environ.get("USER") or os.environ.get("LOGNAME") or "terminal"
