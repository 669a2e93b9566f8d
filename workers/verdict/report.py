"""A finished run as JSON: what `check --json` prints, and the facts file that `replay` reads."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from contract.model import Question, Report

SCHEMA = 1
ALPHABET = string.digits + string.ascii_lowercase


def new_run() -> str:
    """An id for a run that nobody has used: `run_` and ten letters or digits."""
    return "run_" + "".join(secrets.choice(ALPHABET) for _ in range(10))


def moment(at: datetime | None = None) -> str:
    """A moment as the report writes it: UTC, to the second."""
    return (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_json(report: Report) -> dict[str, Any]:
    """The report as `check.schema.json` has it: every key there, nothing else."""
    verdict = report.verdict
    return {
        "schema": SCHEMA,
        "cluster": report.cluster,
        "run": report.run,
        "started": report.started,
        "seconds": round(report.seconds, 3),
        "verdict": {
            "status": str(verdict.status),
            "summary": verdict.summary,
            "causes": [msgspec.to_builtins(cause) for cause in verdict.causes],
            "ruled_out": [{"code": r.code, "because": r.because} for r in verdict.ruled_out],
            "unexplained": list(verdict.unexplained),
            "not_checked": [msgspec.to_builtins(one) for one in verdict.not_checked],
        },
        "steps": [
            {
                "check": step.check,
                "title": step.title,
                "outcome": str(step.outcome),
                "seconds": round(step.seconds, 3),
                "summary": step.summary,
                "findings": [
                    {
                        "code": f.code,
                        "severity": str(f.severity),
                        "summary": f.summary,
                        "subject": f.subject,
                        "evidence": [line for line in f.evidence if line.strip()],
                    }
                    for f in step.findings
                ],
            }
            for step in report.steps
        ],
    }


def as_text(value: Mapping[str, Any]) -> str:
    """JSON that a person can read too."""
    return json.dumps(value, indent=1, ensure_ascii=False)


def facts_file(question: Question, report: Report, kept: Iterable[Any]) -> dict[str, Any]:
    """What `replay` reads: the question and every step's facts. kept: the runner's Kept values."""
    return {
        "schema": SCHEMA,
        "kind": "dnsmedic-facts",
        "question": msgspec.to_builtins(question),
        "run": report.run,
        "started": report.started,
        "seconds": round(report.seconds, 3),
        "steps": [msgspec.to_builtins(one) for one in kept],
    }
